"""Runs a command on a terminal of its own and answers what it asks.

Arguments: a JSON list of [text to wait for, what to type], then the command. Prints all that the terminal showed; exits
as the command did, or with 99 where a text did not come.
"""
import json, os, pty, select, sys, time

steps = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])

shown = b""
since = 0
deadline = time.monotonic() + 60


def more():
    """Reads on; false at the end."""
    global shown
    ready, _, _ = select.select([terminal], [], [], 0.5)
    if not ready:
        return True
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    shown += data
    return data != b""


def give_up(text):
    sys.stdout.buffer.write(shown)
    print(f"\nnever shown: {text}")
    os.kill(child, 9)
    sys.exit(99)


for text, answer in steps:
    while text.encode() not in shown[since:]:
        if time.monotonic() > deadline or not more():
            give_up(text)
    since = shown.index(text.encode(), since) + len(text.encode())
    os.write(terminal, answer.encode())
while time.monotonic() < deadline and more():
    pass
sys.stdout.buffer.write(shown)
sys.stdout.flush()
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
