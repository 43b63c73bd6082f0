# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: those that servers are configured with, and those that local TLS ports show.

Only public certificates leave the host: configurations are searched for paths and not recorded, and of a file that may hold a
private key too only its first CERTIFICATE block is taken. To a port nothing but a handshake is sent.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import socket
import struct
import threading

MAX_FILES = 60
HANDSHAKE_SECONDS = 3.0
# Ports on which TLS begins at once; those that begin in plain text (STARTTLS) show their certificate by their configuration
TLS_PORTS = frozenset((443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 3269, 4443, 5061, 5671, 5986, 6443, 6514, 6697, 8443,
                       8883, 9443, 10250, 16514))
MAX_PORTS = 16
ANY_ADDRESS = {"*": ["127.0.0.1", "::1"], "::": ["127.0.0.1", "::1"], "0.0.0.0": ["127.0.0.1"]}     # noqa: S104 - where to connect to
# (configurations, pattern of the setting that names a certificate, pattern of what switches TLS on, None if naming it does)
CONFIGURATIONS = (
    (("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*", "/etc/nginx/snippets/*.conf"),
     r"^\s*ssl_certificate\s+[\"']?([^\s\"';]+)", None),
    (("/etc/httpd/conf/httpd.conf", "/etc/httpd/conf.d/*.conf", "/etc/apache2/apache2.conf", "/etc/apache2/sites-enabled/*",
      "/etc/apache2/vhosts.d/*.conf", "/etc/apache2/conf.d/*.conf"), r"(?i)^\s*SSLCertificateFile\s+[\"']?([^\s\"']+)", None),
    (("/etc/haproxy/haproxy.cfg", "/etc/haproxy/conf.d/*.cfg"), r"^\s*(?:bind|server)\s.*?\scrt\s+(/\S+)", None),
    (("/etc/postfix/main.cf",), r"^\s*smtpd_tls_(?:cert_file|chain_files)\s*=\s*([^\s,]+)", None),
    (("/etc/dovecot/dovecot.conf", "/etc/dovecot/conf.d/*.conf"), r"^\s*ssl(?:_server)?_cert(?:_file)?\s*=\s*<?\s*([^\s]+)", None),
    (("/etc/postgresql/*/*/postgresql.conf", "/var/lib/pgsql/data/postgresql.conf", "/var/lib/pgsql/*/data/postgresql.conf"),
     r"^\s*ssl_cert_file\s*=\s*'?([^\s'#]+)", r"^\s*ssl\s*=\s*'?(?:on|true|yes|1)\b"),
    (("/etc/my.cnf", "/etc/my.cnf.d/*.cnf", "/etc/mysql/my.cnf", "/etc/mysql/conf.d/*.cnf", "/etc/mysql/*.conf.d/*.cnf"),
     r"^\s*ssl[-_]cert\s*=\s*[\"']?([^\s\"'#]+)", None),
)
FOLDERS = ("/etc/letsencrypt/live/*/cert.pem", "/etc/ssl/private/*.crt", "/etc/ssl/private/*.pem", "/etc/pki/tls/certs/*.crt",
           "/etc/kubernetes/pki/*.crt", "/etc/kubernetes/pki/etcd/*.crt", "/var/lib/kubelet/pki/kubelet.crt")
AUTHORITIES = ("/etc/pki/tls/certs/ca-bundle", "/etc/pki/tls/certs/ca-certificates")      # hundreds of certificates of others
BLOCK = re.compile(b"-----BEGIN (?:TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END (?:TRUSTED )?CERTIFICATE-----")


def capture(host):
    paths = configured(host)
    for pattern in FOLDERS:
        paths.update((path, "found there") for path in host.glob(pattern) if not path.startswith(AUTHORITIES))
    paths.update((path, "named in the inventory") for path in host.certificate_files)
    for path in sorted(paths)[:MAX_FILES]:
        host.note("certificate " + path, read_certificate(path))
    addresses = listening(host)
    ports = sorted(TLS_PORTS.intersection(addresses))[:MAX_PORTS]
    results = {}
    threads = [threading.Thread(target=lambda port=port: results.update({port: shown(port, addresses[port])})) for port in ports]
    for thread in threads:
        thread.daemon = True
        thread.start()
    for thread in threads:
        thread.join(2 * HANDSHAKE_SECONDS)
    for port in ports:
        host.note("certificate port %d" % port, results.get(port, "# no handshake: gave no answer in time\n"))
    host.note("certificates looked for", "# %d files, %d left out, %d ports\n" % (
        min(len(paths), MAX_FILES), max(0, len(paths) - MAX_FILES), len(ports)))


def configured(host):
    """{path of a certificate: configuration that names it}; a path that is a folder stands for the .pem files in it."""
    found = {}
    for patterns, setting, switch in CONFIGURATIONS:
        for name in (name for pattern in patterns for name in host.glob(pattern)):
            text = text_of(name)
            if switch is None or re.search(switch, text, re.MULTILINE):
                for path in re.findall(setting, text, re.MULTILINE):
                    found.update((item, name) for item in files_of(host, path, name.rsplit("/", 1)[0]))
    return found


def files_of(host, path, folder):
    """A relative path is one from the folder of the configuration; nginx may build a path of a request's variables."""
    path = os.path.join(folder, path.rstrip("/"))
    return [] if "$" in path else host.glob(path + "/*.pem") or [path]


def text_of(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(1048576).decode("utf-8", "replace")
    except (IOError, OSError):
        return ""


def read_certificate(path):
    """The first certificate of a file in PEM, or a line that begins with # and says why there is none."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(1048576)
    except (IOError, OSError) as error:
        return "# can't be read: %s\n" % error.strerror
    match = BLOCK.search(data)
    if match is None:
        return "# holds no certificate\n"
    return match.group(0).decode("ascii").replace("TRUSTED ", "") + "\n"


def listening(host):
    """{TCP port that is listened on: addresses to reach it}; by ss, as reading /proc/net/tcp walks all connections there are."""
    answer = host.command(["ss", "-ltn"])
    if answer is None:
        return listening_by_proc()
    found = {}
    for fields in (line.split() for line in answer.splitlines() if line.startswith("LISTEN")):
        address, _colon, port = fields[3].rpartition(":")
        address = address.strip("[]").partition("%")[0].strip("[]")
        found.setdefault(int(port), []).extend(ANY_ADDRESS.get(address, [address]))
    return found


def listening_by_proc():
    """The same from /proc/net: state 0A, local address and port in hexadecimal."""
    found = {}
    for name, family in (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6)):
        for line in text_of(name).splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[3] == "0A":
                address, _colon, port = fields[1].partition(":")
                found.setdefault(int(port, 16), []).extend(reachable(family, address))
    return found


def reachable(family, address):
    """Where to connect to for an address as /proc/net writes it, words of 32 bits in the order of the machine."""
    words = [int(address[place:place + 8], 16) for place in range(0, len(address), 8)]
    if any(words):
        return [socket.inet_ntop(family, struct.pack("=%dI" % len(words), *words))]
    return ["127.0.0.1"] if family == socket.AF_INET else ["127.0.0.1", "::1"]


def shown(port, addresses):
    """The certificate that a local port shows, in PEM, or a line that begins with #."""
    import ssl                          # it takes as long to load as a command: only where there is a port

    problem = "no answer"
    for address in addresses:
        try:
            connection = socket.create_connection((address, port), HANDSHAKE_SECONDS)
        except (IOError, OSError) as error:
            problem = str(error)
            continue
        try:
            tls = willing_context().wrap_socket(connection)
            try:
                return ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))
            finally:
                tls.close()
        except (ssl.SSLError, IOError, OSError, ValueError) as error:
            problem = str(error)
        finally:
            connection.close()
        # What answers in plain text is not a TLS port
        return "# no TLS: %s\n" % problem if re.search("(?i)wrong.version|unknown.protocol|record.layer|http.request", problem) \
            else "# no handshake: %s\n" % problem
    return "# not reached: %s\n" % problem


def willing_context():
    """It takes any certificate and any old cipher: what the server shows is looked at, not trusted."""
    import ssl

    context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_CLIENT", ssl.PROTOCOL_SSLv23))
    if hasattr(context, "check_hostname"):
        context.check_hostname = False      # novm: Python 2.7.9 has it too, and older ones are asked first
    context.verify_mode = ssl.CERT_NONE
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
    except ssl.SSLError:
        pass                            # an OpenSSL before 1.1.0 knows no security levels
    return context
