// Scheduling: what a task has asked of the scheduler: policy, nice value, CPUs.

import {SCHED_IDLE, SCHED_OTHER} from '../../abi/sched.ts'

/** Between two nice values, as in Linux: sched_prio_to_weight. */
const STEP = 1.25
/** SCHED_IDLE has 3 where a nice value of 0 has 1024. */
const IDLE_PACE = 1024 / 3

export class Scheduling {
  /** SCHED_OTHER, SCHED_BATCH or SCHED_IDLE. */
  policy = SCHED_OTHER
  /** -20 to 19. */
  nice = 0
  /** SCHED_RESET_ON_FORK: a child does not inherit what only the privileged may ask for. */
  resetsOnFork = false
  /**
   * sched_setaffinity(2), a bit for each CPU; undefined: all. The guest's CPUs are threads of the host, which the host moves as it
   * likes: a mask says who runs beside whom, not where on the host.
   */
  affinity: bigint | undefined
  /** It may no more be where it was: it gives up its CPU at its next trap, and gets another. */
  isMoving = false
  /** The CPU that it is on, or was on last. */
  #cpu = 0

  /** For a child, as sched_fork in Linux. */
  copy(): Scheduling {
    const child = new Scheduling()
    child.policy = this.policy
    child.nice = this.resetsOnFork ? Math.max(0, this.nice) : this.nice
    child.affinity = this.affinity
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

  /** How fast its virtual time goes: the more, the less of a CPU it gets beside others. */
  get pace(): number {
    if (this.policy === SCHED_IDLE) return IDLE_PACE
    return this.nice === 0 ? 1 : STEP ** this.nice
  }

  /** Whether one of its CPUs is free. */
  canRun(cpus: number, isTaken: (cpu: number) => boolean): boolean {
    for (let cpu = 0; cpu < cpus; cpu++) if (this.allows(cpu) && !isTaken(cpu)) return true
    return false
  }

  /** Where it is, as getcpu(2) and /proc/PID/stat tell. */
  get cpu(): number {
    return this.#cpu
  }

  /** It gets a CPU: one that it may have, if there is one, by preference its last. @param isTaken by another task */
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

  /** @param mask names a CPU that there is */
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
