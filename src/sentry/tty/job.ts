// Job: a process's place in job control: its group, its session, and the terminal that controls the session. man 7 credentials.

import type {Terminal} from './terminal.ts'

export class Job {
  group: number
  session: number
  /** The terminal that controls its session. */
  terminal: Terminal | undefined
  /** For a session leader whose terminal hung up: the group to tell when the leader ends. */
  hungUpGroup: number | undefined
  /** It has called execve(2): its parent can no longer change its group. */
  hasExecuted = false

  constructor(group: number, session = group, terminal?: Terminal) {
    this.group = group
    this.session = session
    this.terminal = terminal
  }

  /** fork(2) */
  copy(): Job {
    return new Job(this.group, this.session, this.terminal)
  }
}
