// Scheduling: what a task has asked of the scheduler: policy, nice value, CPUs, timer slack.

import {SCHED_IDLE, SCHED_OTHER} from '../../../abi/clone.ts'

/** The ratio between two nice values, as in Linux: sched_prio_to_weight. */
const STEP = 1.25
/** SCHED_IDLE has weight 3, where a nice value of 0 has 1024. */
const IDLE_PACE = 1024 / 3

const DEFAULT_TIMER_SLACK_NS = 50_000

export class Scheduling {
  /** SCHED_OTHER, SCHED_BATCH or SCHED_IDLE. */
  policy = SCHED_OTHER
  /** -20 to 19. */
  nice: number
  /** SCHED_RESET_ON_FORK: a child does not inherit settings that only privileged tasks may ask for. */
  resetsOnFork = false
  /**
   * sched_setaffinity(2), one bit for each CPU; undefined: all. The guest's CPUs are threads of the host, which the host moves as it
   * likes: a mask says which tasks run beside each other, not where on the host.
   */
  affinity: bigint | undefined
  /** prctl(2): PR_SET_TIMERSLACK, and what 0 sets it to; PR_SET_IO_FLUSHER. */
  timerSlackNs = DEFAULT_TIMER_SLACK_NS
  defaultTimerSlackNs = DEFAULT_TIMER_SLACK_NS
  isIoFlusher = false
  /** It may no longer be on its CPU: at its next trap, it gives that up and gets another. */
  isMoving = false
  /** The CPU that it is on, or was on last. */
  #cpu = 0

  constructor(nice = 0) {
    this.nice = nice
  }

  /** For a child, like sched_fork in Linux. */
  copy(): Scheduling {
    const child = new Scheduling(this.resetsOnFork ? Math.max(0, this.nice) : this.nice)
    child.policy = this.policy
    child.affinity = this.affinity
    child.timerSlackNs = child.defaultTimerSlackNs = this.timerSlackNs
    child.isIoFlusher = this.isIoFlusher
    child.#cpu = this.#cpu
    return child
  }

  /** @param cpus how many there are */
  allowed(cpus: number): bigint {
    return this.affinity ?? maskOf(cpus)
  }

  allows(cpu: number): boolean {
    return this.affinity === undefined || (this.affinity & bit(cpu)) !== 0n
  }

  /** How fast its virtual time runs: the faster, the less CPU it gets beside others. */
  get pace(): number {
    if (this.policy === SCHED_IDLE) return IDLE_PACE
    return this.nice === 0 ? 1 : STEP ** this.nice
  }

  /** Whether one of its CPUs is free. */
  canRun(cpus: number, isTaken: (cpu: number) => boolean): boolean {
    for (let cpu = 0; cpu < cpus; cpu++) if (this.allows(cpu) && !isTaken(cpu)) return true
    return false
  }

  /** The CPU that getcpu(2) and /proc/PID/stat show. */
  get cpu(): number {
    return this.#cpu
  }

  /** Chooses a CPU that it may have, preferably its last. @param isTaken whether another task has it */
  place(cpus: number, isTaken: (cpu: number) => boolean): void {
    this.isMoving = false
    if (this.allows(this.#cpu) && !isTaken(this.#cpu)) return
    let first: number | undefined
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (!this.allows(cpu)) continue
      first ??= cpu
      if (isTaken(cpu)) continue
      this.#cpu = cpu
      return
    }
    this.#cpu = first ?? 0
  }

  /** @param mask names at least one existing CPU */
  restrict(mask: bigint, cpus: number): void {
    this.affinity = mask & maskOf(cpus)
    if (this.allows(this.#cpu)) return
    this.place(cpus, () => false)
    this.isMoving = true
  }
}

/** One bit for each of the first `cpus`. */
export function maskOf(cpus: number): bigint {
  return bit(cpus) - 1n
}

function bit(cpu: number): bigint {
  return 1n << BigInt(cpu)
}
