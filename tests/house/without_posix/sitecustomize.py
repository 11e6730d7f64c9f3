"""Takes from Orgo's own modules what Windows has not, in every process that is started with this folder on PYTHONPATH."""

import builtins
import importlib
from types import ModuleType
from typing import Any

MODULES = set("fcntl resource pwd grp termios tty pty syslog posix crypt spwd readline curses".split())
NAMES = {
    "os": set(
        "chown fchmod fchown fork forkpty getegid geteuid getgid getgroups getloadavg getpgid getpgrp getsid getuid"
        " getxattr initgroups killpg lchown mkfifo mknod nice O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC openpty"
        " posix_fadvise posix_fallocate posix_spawn pread pwrite register_at_fork sched_getaffinity sched_setaffinity"
        " setegid seteuid setgid setgroups setpgid setsid setuid setxattr statvfs sync sysconf tcgetpgrp ttyname uname"
        " wait wait3 wait4 waitid WEXITSTATUS WIFEXITED WIFSIGNALED WTERMSIG".split()
    ),
    "signal": set(
        "alarm pause pthread_kill pthread_sigmask setitimer siginterrupt sigwait SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP"
        " SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH SIGXCPU".split()
    ),
    "socket": set("AF_UNIX SCM_RIGHTS SO_REUSEPORT".split()),
    "select": set("epoll poll".split()),
    "time": set("tzset".split()),
}
_real = builtins.__import__


class OnWindows(ModuleType):
    """A module without what is not there on Windows."""

    def __getattr__(self, name: str) -> Any:
        if name in NAMES[self.__name__]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} on Windows")
        return getattr(importlib.import_module(self.__name__), name)


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    module = _real(name, globals, locals, fromlist, level)
    if level or not str((globals or {}).get("__name__")).startswith("orgo"):
        return module
    if name in MODULES:
        raise ImportError(f"No module named {name!r} on Windows")
    return OnWindows(name) if name in NAMES else module


builtins.__import__ = _import
