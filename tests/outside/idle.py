"""What connections cost that do nothing: 10,000 that never spoke, and 10,000 that asked once and then fell silent. The
server closes each of them in its time; its memory is read while the most live."""

import resource
import select
import socket
import time

import urllib.request

from city import found, ran
from serving import Server, make_city

MANY = 10_000
MOST_MB = 100
AT_ONCE = 400  # fewer than wait at a listener's door
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: small\r\n\r\n"

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
assert most > MANY + 100, f"this shell may open {most} files, {MANY + 100} are needed"


def crowd(server, speak, address):
    """Opens them all from one address; gives the most that lived at once, how long they live, the server's memory at its
    peak in MB, and the slowest answer to somebody else meanwhile in seconds."""
    peak = 0.0
    poll, lines, alive, most_alive, slowest, lived = select.epoll(), {}, 0, 0, 0.0, []
    opened, pending, looked = 0, 0, time.monotonic()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (opened < MANY or alive > 0):
        while opened < MANY and pending < AT_ONCE:
            line = socket.socket()
            line.setblocking(False)
            line.bind((address, 0))
            line.connect_ex(("127.0.0.1", server.port))
            poll.register(line, select.EPOLLOUT)
            lines[line.fileno()] = [line, None]
            opened, pending = opened + 1, pending + 1
        for number, event in poll.poll(0.05):
            line, began = lines[number]
            if began is None:
                pending -= 1
                if event & (select.EPOLLERR | select.EPOLLHUP):
                    found(f"connection {opened} of {MANY} was not taken")
                    poll.unregister(line)
                    lines.pop(number)[0].close()
                    continue
                if speak:
                    line.send(REQUEST)
                lines[number][1] = time.monotonic()
                alive += 1
                most_alive = max(most_alive, alive)
                poll.modify(line, select.EPOLLIN)
                continue
            try:
                said = line.recv(4096)
            except ConnectionError:
                said = b""
            if not said or not speak:
                lived.append(time.monotonic() - began)
                poll.unregister(line)
                lines.pop(number)[0].close()
                alive -= 1
        if time.monotonic() - looked > 0.3:
            looked = time.monotonic()
            peak = max(peak, server.number("VmRSS"))
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/sign-in", timeout=20) as answer:
                answer.read()
            slowest = max(slowest, time.monotonic() - looked)
    for line, _ in lines.values():
        line.close()
    return most_alive, sorted(lived)[len(lived) // 2] if lived else 60.0, peak, slowest


make_city()
server = Server("serve")
server.ready_after_s()
time.sleep(5)
rest = server.number("VmRSS")  # for both: what the first leaves behind serves the second
figures = []
for speak, address, name in [(False, "127.0.0.2", "never spoke"), (True, "127.0.0.3", "spoke once")]:
    alive, lived, peak, slowest = crowd(server, speak, address)
    cost = peak - rest
    figures.append(f"{alive} that {name} lived at once, {lived:.0f} s each, {cost:.0f} MB over {rest:.0f}, others waited {slowest:.2f} s")
    if cost * MANY > MOST_MB * alive:
        found(f"{alive} connections that {name} cost {cost:.0f} MB: {MANY} cost more than {MOST_MB}")
    if alive < MANY * 0.9:
        found(f"only {alive} of {MANY} connections that {name} lived at once")
    if slowest > 1:
        found(f"somebody else waited {slowest:.1f} s beside connections that {name}")
    time.sleep(3)
server.stop()
ran("own", "; ".join(figures))
