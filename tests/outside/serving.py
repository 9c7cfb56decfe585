"""A server of the judged binary over a sample city of its own, as a small machine would run it: without what making the
city leaves in memory, and without preparing recordings, which is another program's work."""

import http.client
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

BINARY = os.environ["BINARY"]
DATA = pathlib.Path(os.environ["WORK"], "small")


class Server:
    """The judged binary in one of its roles over the folder, on any free port."""

    def __init__(self, role):
        settings = {"YUANJIAO_PREPARE_WORKERS": "0", "YUANJIAO_LOW_DISK_BYTES": "0", "YUANJIAO_LOG": "warn,actix_http=off"}
        password = {"YUANJIAO_DEMO_PASSWORD": os.environ["PASSWORD"]}
        command = [BINARY, role, "--data", DATA, "--listen", "127.0.0.1:0"]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, env=os.environ | settings | password, stdout=subprocess.PIPE, text=True)
        line = next((line for line in self.process.stdout if "http://" in line), None)
        assert line, f"{role} ended with {self.process.wait()}"
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def ready_after_s(self):
        """Waits until it can do its work; how many seconds after it was started."""
        while True:
            try:
                line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                line.request("GET", "/readyz")
                if line.getresponse().status == 200:
                    return time.monotonic() - self.began
            except OSError:
                pass
            time.sleep(0.005)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, "the server did not end well"

    def number(self, name):
        """A figure of its memory, in MB of a million bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(f"{name}:")) * 1024 / 1e6

    def processor_s(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_city():
    """Fills the folder, once for all judges."""
    if not DATA.exists():
        first = Server("demo")
        first.ready_after_s()
        time.sleep(10)  # until what is searched has been written
        first.stop()
