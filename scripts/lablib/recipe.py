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
    "multipath-tools", "smartmontools", "nvme-cli", "dmsetup",
)

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
VM_SETUP = SETUP + """
systemctl -q enable systemd-networkd.service
systemctl -q mask systemd-networkd-wait-online.service getty@tty1.service
"""

RECIPES = {
    "nspawn": (PACKAGES, NSPAWN_FILES, NSPAWN_SETUP),
    "vm": (VM_PACKAGES, VM_FILES, VM_SETUP),
}
