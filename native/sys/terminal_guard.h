// terminal_guard.h: puts the modes of hv's terminal, which a guest may change, back however hv ends.
#pragma once

namespace hv {

// A process has one terminal, so the state belongs to the process. Results are 0 or more; -1, with errno, for a failure.

// Remembers the terminal's modes. The descriptor stays the caller's, open until the process ends.
int GuardTerminal(int fd);

// The keeper's process; 0: there is none.
int TerminalKeeper();

// Call these around each change of modes by the guest. A keeper, which is a process of its own, waits for hv to die by SIGKILL, or
// by whatever else leaves no time. If modes were changed, it then puts back what hv began with.
int BeginTerminalChange();
int EndTerminalChange();

// Puts back what hv began with, unless another job has the terminal now, and ends the keeper; nothing if hv guards none. Any thread may call
// it straight before _exit, while the others go on. Async-signal-safe.
void RestoreTerminal();

// Call these around a stop of this process: they set what hv began with, then the guest's modes again.
void LeaveTerminal();
// Does nothing while another job has the terminal, so it is called again at each SIGCONT.
void ReturnToTerminal();

// 1 when the terminal controls this process, whose job is in its foreground; 0 in its background.
int IsTerminalForeground(int fd);

}  // namespace hv
