# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to lab hosts, and which bottlenecks (class, resource) a good engineer would then name: data only.

``vm1`` has a kernel and disks of its own, and sysstat measures it. What sysstat measures in a container is this whole machine, the
measuring itself too, so of servers there only what they tell themselves counts; ``cpu1`` is the container where it does count.
"""

from __future__ import annotations

from dataclasses import dataclass

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Injection:
    """``load`` runs until it is stopped, after ``before`` and in time for ``after``. All are scripts of bash.

    ``subjects``: what an inspection looks at; ``looks``: how often, where earlier captures are the history.
    """

    name: str
    host: str
    load: str
    labels: Labels
    before: str = "true"
    after: str = "true"
    subjects: tuple[str, ...] = ()
    looks: int = 1


def named(*labels: tuple[str, str]) -> Labels:
    return frozenset(labels)


OF_HOST = ("identity", "cpu", "memory", "processes", "block_devices", "md_raid", "disk_health", "kernel_log", "kernel_settings", "network",
           "filesystems", "limits")
HEALTHY: Labels = frozenset()
LOOKS = 5

DELAYED = """
disk=/dev/disk/by-id/virtio-data
dmsetup create slow --table "0 $(blockdev --getsz $disk) delay $disk 0 50"
"""
NOT_DELAYED = "umount /mnt/slow 2>/dev/null; dmsetup remove --retry slow"
ON_DELAYED = DELAYED + "mkfs.ext4 -qF /dev/mapper/slow && mkdir -p /mnt/slow && mount /dev/mapper/slow /mnt/slow"
IMPAIRED = """
for name in a b; do
    disk=/dev/disk/by-id/virtio-raid-$name
    dmsetup create slow$name --table "0 $(blockdev --getsz $disk) delay $disk 0 50"
done
mdadm --create /dev/md9 --run --quiet --assume-clean --level=1 --raid-devices=2 --metadata=1.2 /dev/mapper/slowa /dev/mapper/slowb
mdadm --quiet /dev/md9 --fail /dev/mapper/slowa
"""
NOT_IMPAIRED = """
for attempt in 1 2 3 4 5; do mdadm --quiet --stop /dev/md9 && break; sleep 1; done
udevadm settle
mdadm --quiet --zero-superblock /dev/mapper/slowa /dev/mapper/slowb
dmsetup remove --retry slowa; dmsetup remove --retry slowb
"""
SWAP = """
test -e /swapfile || { fallocate --length 700M /swapfile; chmod 600 /swapfile; mkswap /swapfile; }
swapon /swapfile
"""
NO_SWAP = "swapoff /swapfile"
# Reads and writes of several programs at a time, around the page cache
READERS = """
for number in 1 2 3 4; do
    while :; do dd if={0} of=/dev/null bs=16k count=500 skip=$((RANDOM % 8000)) iflag=direct status=none; done &
done
wait
"""
WRITERS = """
for number in 1 2 3 4; do
    while :; do dd if=/dev/zero of={0} bs=16k count=500 seek=$((number * 2000)) oflag=direct conv=notrunc status=none; done &
done
wait
"""
SPINNERS = "for number in $(seq {0}); do sha1sum /dev/zero & done; wait"
# Packets through the loopback device, which the kernel hands to the other processor, in bursts
BURSTS = """
exec python3 -c '
import socket, time
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 7071))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for number in range(100):
        sender.sendto(b"x", ("127.0.0.1", 7071))
    time.sleep(0.1)'
"""
# A sender and a receiver of TCP, a little at a time
STREAM = """
exec python3 -c '
import socket, threading, time
server = socket.create_server(("127.0.0.1", 7072))
client = socket.create_connection(("127.0.0.1", 7072))
other, _address = server.accept()
def read():
    while other.recv(65536):
        pass
threading.Thread(target=read, daemon=True).start()
while True:
    client.sendall(b"x" * 4000)
    time.sleep(0.01)'
"""
# As much as a slow link can't carry
FLOOD = """
exec python3 -c '
import socket, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for number in range(10):
        sender.sendto(b"x" * 1400, ("10.231.255.254", 9))
    time.sleep(0.01)'
"""
GROWN = """
exec python3 -c '
import time
held = [bytearray(b"x") * (1 << 20) for number in range({0})]
while True:
    for block in held:
        for place in range(0, 1 << 20, 4096):
            block[place] = (block[place] + 1) % 256
'
"""
OPENED = """
ulimit -n 100000
exec python3 -c '
import time
held = [open("/dev/null") for number in range(9000)]
time.sleep(86400)'
"""

OF_VM = (
    Injection("idle", "vm1", "exec sleep 86400", HEALTHY),
    Injection("one processor of two is busy", "vm1", SPINNERS.format(1), HEALTHY),
    Injection("a service at its quota of CPU", "vm1", "exec systemd-run --quiet --wait --collect --unit=quota -p CPUQuota=40% bash -c "
              "'for number in 1 2 3 4; do sha1sum /dev/zero & done; wait'", HEALTHY, after="systemctl stop quota"),
    Injection("most of the memory is in use, and at rest", "vm1", "exec python3 -c 'import time; held = bytearray(b\"x\") * (800 << 20); "
              "time.sleep(86400)'", HEALTHY),
    Injection("six programs on two processors", "vm1", SPINNERS.format(6), named(("hardware", "cpu"))),
    Injection("programs that have the kernel clear memory", "vm1",
              "for number in 1 2 3 4 5 6; do dd if=/dev/zero of=/dev/null bs=1M status=none & done; wait", named(("os", "cpu"))),
    Injection("more data than memory", "vm1", GROWN.format(1500), named(("hardware", "memory")), SWAP, NO_SWAP),
    Injection("a control group without memory for its service", "vm1", "exec systemd-run --quiet --wait --collect --unit=limited "
              "-p MemoryHigh=60M perl -e 'my $index = \"x\"; $index x= 160 << 20; "
              "while (1) { substr($index, $_ << 12, 1, \"y\") for 0 .. 40959; select(undef, undef, undef, 0.2) }'",
              named(("os", "memory")), SWAP, f"systemctl stop limited; {NO_SWAP}"),
    Injection("reads of a disk that takes 50 ms", "vm1", READERS.format("/dev/mapper/slow"), named(("hardware", "disk")), DELAYED,
              NOT_DELAYED),
    Injection("writes to a disk that takes 50 ms", "vm1", WRITERS.format("/dev/mapper/slow"), named(("hardware", "disk")), DELAYED,
              NOT_DELAYED),
    Injection("a journal on a disk that takes 50 ms", "vm1", "for number in 1 2 3; do while :; do "
              "dd if=/dev/zero of=/mnt/slow/file$number bs=4k count=100 oflag=dsync status=none; done & done; wait",
              named(("hardware", "disk")), ON_DELAYED, NOT_DELAYED),
    Injection("reads of a degraded RAID", "vm1", READERS.format("/dev/md9"), named(("hardware", "disk")), IMPAIRED, NOT_IMPAIRED),
    Injection("writes to a degraded RAID", "vm1", WRITERS.format("/dev/md9"), named(("hardware", "disk")), IMPAIRED, NOT_IMPAIRED),
    Injection("a full file system", "vm1", "exec sleep 86400", named(("hardware", "filesystem")),
              "mkfs.ext4 -qF /dev/disk/by-id/virtio-lvm-a && mkdir -p /srv/full && mount /dev/disk/by-id/virtio-lvm-a /srv/full && "
              "fallocate --length 210M /srv/full/data", "umount /srv/full"),
    Injection("a file system without inodes", "vm1", "exec sleep 86400", named(("os", "filesystem")),
              "mkfs.ext4 -qF -N 1000 /dev/disk/by-id/virtio-lvm-b && mkdir -p /srv/small && mount /dev/disk/by-id/virtio-lvm-b /srv/small && "
              "cd /srv/small && seq 975 | xargs touch", "umount /srv/small"),
    Injection("a network that loses packets", "vm1", STREAM, named(("hardware", "network")), "tc qdisc add dev lo root netem loss 8%",
              "tc qdisc del dev lo root"),
    Injection("a link at 10 Mbit/s", "vm1", FLOOD, named(("hardware", "network")),
              "ethtool -s eth0 speed 10 duplex full && ip route add 10.231.255.254 dev eth0 && "
              "ip neighbour add 10.231.255.254 lladdr 52:54:00:00:00:01 dev eth0",
              "ip route del 10.231.255.254; ethtool -s eth0 speed 10000 duplex full"),
    Injection("bursts of packets and no backlog", "vm1", BURSTS, named(("os", "network")),
              "echo 2 > /sys/class/net/lo/queues/rx-0/rps_cpus; sysctl -qw net.core.netdev_max_backlog=1",
              "echo 0 > /sys/class/net/lo/queues/rx-0/rps_cpus; sysctl -qw net.core.netdev_max_backlog=1000"),
    Injection("hardly more files than are open", "vm1", OPENED, named(("os", "files")), "sysctl -qw fs.file-max=11000",
              "sysctl -qw fs.file-max=1000000"),
)

POSTGRESQL = """
systemctl start postgresql@15-main
as() { runuser -u postgres -- "$@"; }
cd /tmp
as psql -qXc 'ALTER SYSTEM RESET ALL' && as psql -qXc 'ALTER SYSTEM SET max_connections = 30'
"""
PG_READY = "systemctl restart postgresql@15-main"
PG_ROWS = """
as psql -qX <<'END'
CREATE TABLE IF NOT EXISTS stock (id int PRIMARY KEY, pieces int);
INSERT INTO stock SELECT n, 0 FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING;
END
"""
SOLD = "BEGIN; UPDATE stock SET pieces = pieces + 1 WHERE id = 1; SELECT pg_sleep(0.3); COMMIT;"
PG = ("postgresql", "postgresql_tables", "history")
MY = ("mysql", "history")
MARIADB = "systemctl start mariadb; "
HTTP = """
exec python3 -c '
import socket, time
held = []
while True:
    for number in range({0}):
        try:
            held.append(socket.create_connection(("127.0.0.1", {1}), timeout=2))
            held[-1].sendall({2})
        except OSError:
            pass
    time.sleep(0.2)
    while len(held) > {3}:
        held.pop(0).close()
    time.sleep(0.8)'
"""
NGINX = """
systemctl stop apache2
cat > /etc/nginx/conf.d/bench.conf <<'END'
server { listen 127.0.0.1:8090; location /status { stub_status; } location / { return 200; } }
END
"""
HOLD = """
mkdir -p /opt/bench && cat > /opt/bench/Hold.java <<'END'
import java.util.*;
public class Hold {
    static final List<byte[]> held = new ArrayList<>();     // a local that is not read again would be garbage once this is compiled
    public static void main(String[] words) throws Exception {
        double share = Double.parseDouble(words[0]);
        boolean churn = words.length > 1;
        Runtime here = Runtime.getRuntime();
        while (here.totalMemory() - here.freeMemory() < share * here.maxMemory()) held.add(new byte[20000]);
        System.gc();
        while (here.totalMemory() - here.freeMemory() < share * here.maxMemory()) held.add(new byte[20000]);
        List<byte[]> passing = new LinkedList<>();
        while (true) {
            if (!churn) { Thread.sleep(1000); System.gc(); continue; }
            passing.add(new byte[20000]);
            if (passing.size() > 300) passing.clear();
        }
    }
}
END
cd /opt/bench && javac Hold.java
"""
QUEUE = ('Queue = rabbit_misc:r(<<"/">>, queue, <<"orders">>), rabbit_amqqueue:declare(Queue, true, false, [], none, <<"operator">>), '
         '[rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<>>), <<"orders">>, [], <<"x">>) || _ <- lists:seq(1, 3000)], ok.')

OF_SERVERS = (
    Injection("a quiet PostgreSQL", "db1", "runuser -u postgres -- pgbench -n -c 2 -R 20 -T 86400 -f /tmp/read.sql", HEALTHY,
              POSTGRESQL + PG_READY + PG_ROWS + "echo 'SELECT sum(pieces) FROM stock;' > /tmp/read.sql", subjects=PG, looks=LOOKS),
    Injection("buyers of one article", "db1", "runuser -u postgres -- pgbench -n -c 12 -T 86400 -f /tmp/sold.sql",
              named(("database", "locks")), POSTGRESQL + PG_READY + PG_ROWS + f"echo '{SOLD}' > /tmp/sold.sql", subjects=PG, looks=LOOKS),
    Injection("a chain of transactions that wait for each other", "db1", """
hold() { (echo "BEGIN; UPDATE stock SET pieces = 1 WHERE id = $1; UPDATE stock SET pieces = 1 WHERE id = $2;"; sleep 86400) |
         runuser -u postgres -- psql -qX >/dev/null & }
for number in 10 9 8 7 6 5; do hold $number $((number + 1)); sleep 0.5; done
wait""", named(("database", "locks")), POSTGRESQL + PG_READY + PG_ROWS, subjects=PG, looks=LOOKS),
    Injection("hardly a connection left", "db1", "for number in $(seq 26); do (sleep 86400) | runuser -u postgres -- psql -qX & done; wait",
              named(("database", "connections")), POSTGRESQL + PG_READY, subjects=PG, looks=LOOKS),
    Injection("a quiet MariaDB", "db1", "while :; do mariadb -e 'SELECT COUNT(*) FROM mysql.user' >/dev/null; sleep 0.3; done", HEALTHY,
              MARIADB, subjects=MY, looks=LOOKS),
    Injection("rows of MariaDB that all want", "db1", """
(echo 'BEGIN; UPDATE bench.stock SET pieces = 1 WHERE id = 1;'; sleep 86400) | mariadb &
sleep 1
for number in 1 2 3 4 5 6; do while :; do mariadb -e 'UPDATE bench.stock SET pieces = 2 WHERE id = 1' 2>/dev/null; done & done
wait""", named(("database", "locks")), MARIADB + "mariadb -e 'CREATE DATABASE IF NOT EXISTS bench; CREATE OR REPLACE TABLE bench.stock "
              "(id INT PRIMARY KEY, pieces INT); INSERT INTO bench.stock VALUES (1, 0)'", subjects=MY, looks=LOOKS),
    Injection("hardly a connection of MariaDB left", "db1", "for number in $(seq 28); do (sleep 86400) | mariadb & done; wait",
              named(("database", "connections")), MARIADB + "mariadb -e 'SET GLOBAL max_connections = 30'",
              "mariadb -e 'SET GLOBAL max_connections = 151'", MY, LOOKS),
    Injection("rows larger than the log's buffer", "db1", "for number in 1 2 3 4; do while :; do mariadb bench -e \"INSERT INTO "
              "large$number VALUES (REPEAT('x', 12000000)); DELETE FROM large$number\"; done & done; wait", named(("database", "log")), MARIADB +
              "printf '[mariadbd]\\ninnodb_log_buffer_size = 2M\\n' > /etc/mysql/mariadb.conf.d/zz-bench.cnf; systemctl restart mariadb; "
              "mariadb -e 'CREATE DATABASE IF NOT EXISTS bench'; for number in 1 2 3 4; do "
              "mariadb -e \"CREATE OR REPLACE TABLE bench.large$number (data LONGBLOB)\"; done",
              "rm /etc/mysql/mariadb.conf.d/zz-bench.cnf; systemctl restart mariadb", MY, LOOKS),
    Injection("an nginx that serves", "web1", HTTP.format(5, 8090, r'b"GET / HTTP/1.0\r\n\r\n"', 0), HEALTHY,
              NGINX + "systemctl restart nginx", subjects=("nginx", "history"), looks=LOOKS),
    Injection("an nginx with few places", "web1", HTTP.format(40, 8090, r'b"GET / HT"', 0), named(("platform", "places")),
              NGINX + "sed -i 's/worker_connections [0-9]*/worker_connections 20/' /etc/nginx/nginx.conf; systemctl restart nginx",
              "sed -i 's/worker_connections [0-9]*/worker_connections 768/' /etc/nginx/nginx.conf; systemctl stop nginx",
              ("nginx", "history"), LOOKS),
    Injection("an Apache that serves", "web1", HTTP.format(5, 80, r'b"GET / HTTP/1.0\r\n\r\n"', 0), HEALTHY,
              "systemctl stop nginx; systemctl restart apache2", subjects=("httpd", "history"), looks=LOOKS),
    Injection("an Apache with few workers", "web1", HTTP.format(5, 80, r'b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"', 19),
              named(("platform", "threads")), r"""
systemctl stop nginx
printf 'ThreadsPerChild 10\nServerLimit 2\nMaxRequestWorkers 20\nTimeout 86400\nRequestReadTimeout header=0 body=0\n' \
    > /etc/apache2/conf-enabled/bench.conf
systemctl restart apache2""", "rm /etc/apache2/conf-enabled/bench.conf; systemctl stop apache2", ("httpd", "history"), LOOKS),
    Injection("a Tomcat with few threads", "web1", HTTP.format(4, 8080, r'b"GET /slow.jsp HTTP/1.0\r\n\r\n"', 14),
              named(("platform", "threads")), """
sed -i 's/<Connector port="8080" protocol="HTTP\\/1.1"/& maxThreads="10"/' /etc/tomcat10/server.xml
echo '<% Thread.sleep(600000); %>' > /var/lib/tomcat10/webapps/ROOT/slow.jsp
systemctl restart tomcat10; sleep 10""", "systemctl stop tomcat10", ("tomcat", "java", "history"), LOOKS),
    Injection("a heap that stays full", "web1", "cd /opt/bench && exec java -XX:+UseG1GC -Xmx128m -Xms128m Hold 0.87",
              named(("platform", "heap")), HOLD, subjects=("java", "history"), looks=LOOKS),
    Injection("a heap with room", "web1", "cd /opt/bench && exec java -XX:+UseG1GC -Xmx128m -Xms128m Hold 0.3", HEALTHY, HOLD,
              subjects=("java", "history"), looks=LOOKS),
    Injection("garbage all the time", "web1", "cd /opt/bench && exec java -XX:+UseParallelGC -Xmx64m -Xms64m Hold 0.62 churn",
              named(("platform", "heap")), HOLD, subjects=("java", "history"), looks=LOOKS),
    Injection("messages that nobody takes", "web1", "exec sleep 86400", named(("platform", "queue")),
              f"systemctl start rabbitmq-server; rabbitmqctl -q eval '{QUEUE}'", "systemctl stop rabbitmq-server",
              ("rabbitmq", "history"), LOOKS),
    Injection("a listener with a short queue", "web1", """
exec python3 -c '
import socket, time
server = socket.create_server(("127.0.0.1", 7070), backlog=1)
waiting = []
while True:
    for number in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 7070))
        waiting.append(client)
    while len(waiting) > 40:
        waiting.pop(0).close()
    time.sleep(0.2)'""", named(("os", "backlog")), subjects=("tcp", "history"), looks=LOOKS),
    Injection("one statement that reads everything", "cpu1", "runuser -u postgres -- pgbench -n -C -c 8 -T 86400 -f /tmp/heavy.sql",
              named(("database", "plan")), POSTGRESQL + """
as psql -qXc "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"
""" + PG_READY + """
as psql -qXc 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements'
echo 'SELECT count(*) FROM generate_series(1, 300000);' > /tmp/heavy.sql
sleep 45        # of a server that runs for less than a minute nobody knows what it uses""", subjects=(*PG, *OF_HOST)),
)
INJECTIONS = (*OF_VM, *OF_SERVERS)
