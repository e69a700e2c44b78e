// Costs: what traps cost on this host in each way, and how long it follows to wait: README.md, "Break-even".

/** What things cost on a host, in nanoseconds, each the fastest of several measurements. @see {@link ChosenPlatform} */
export interface Costs {
  /** A system call and its answer, through a VM exit or a stop of a process. */
  trapNs: number
  /** KVM: the same without an exit, while the sentry polls on another processor. Absent: that does not happen. */
  polledNs?: number
  /** From a thread's wake-up until it runs on another processor. Absent: there is no other. */
  wakeUpNs?: number
  /** One look of a loop that waits for a word of memory. */
  lookNs: number
  /** To copy a page of memory. */
  pageNs: number
}

/**
 * Typical costs, from several measurements of a host. Other work on the host makes traps slower, never faster; but a wake-up may be faster,
 * too: that of a processor that was not asleep.
 */
export function typicalCosts(measured: readonly Costs[]): Costs {
  const all = (name: keyof Costs): number[] =>
    measured.map((costs) => costs[name]).filter((ns) => ns !== undefined)
  const [polled, wakeUps] = [all('polledNs'), all('wakeUpNs').sort((a, b) => a - b)]
  return {
    trapNs: Math.min(...all('trapNs')),
    lookNs: Math.min(...all('lookNs')),
    pageNs: Math.min(...all('pageNs')),
    ...(polled.length > 0 && {polledNs: Math.min(...polled)}),
    ...(wakeUps.length > 0 && {wakeUpNs: wakeUps[wakeUps.length >> 1]}),
  }
}

/** What follows from costs. */
export interface BreakEven {
  /** How long to look for the next trap before the sentry sleeps. */
  spinNs: number
  /** Traps by exit no further apart than this would have been found in time; 0: polling never pays. */
  quickNs: number
  /** How often the shim looks for an answer before it exits. */
  answerLooks: number
  /** How often a thread looks for its next command before it sleeps. */
  commandLooks: number
}

/** A platform must be at least so many times faster to count as faster: costs are measured on machines that do other things, too. */
export const CLEARLY = 2
export const KVM_IS_FOR = 'a virtual machine keeps the guest from the host kernel'

/** Fits 32 bits, and ends the wait. */
const MAX_LOOKS = 2 ** 24

/**
 * Waiting costs as much as it may save: looking that long before sleeping costs at most twice what the best choice would
 * have cost (Karlin et al., Competitive Snoopy Caching, 1988, on when to spin).
 */
export function breakEven({trapNs, polledNs = trapNs, wakeUpNs = 0, lookNs}: Costs): BreakEven {
  const sparedNs = Math.max(0, trapNs - polledNs)
  const spinNs = sparedNs + wakeUpNs
  return {
    spinNs,
    quickNs: sparedNs > 0 && wakeUpNs > 0 ? trapNs + spinNs : 0,
    answerLooks: looksOf(trapNs + wakeUpNs, lookNs),
    commandLooks: looksOf(wakeUpNs, lookNs),
  }
}

/** The part of the time between two traps that a wake-up may take when a traced program runs on another processor. */
const WAKE_UP_SHARE = 1 / 5

/** ptrace: a program whose traps are no further apart than this is better off on the sentry's processor. */
export function briefNs({wakeUpNs = 0}: Costs): number {
  return wakeUpNs / WAKE_UP_SHARE
}

/** With these costs the sentry polls in any case, so that polling can be measured: 10 ms are more than any trap takes. */
export const ALWAYS_POLLING: Costs = {trapNs: 5e6, polledNs: 0, wakeUpNs: 5e6, lookNs: 10, pageNs: 1000}
/** Until costs are known: every trap is an exit. */
export const NEVER_POLLING: Costs = {trapNs: 0, lookNs: 1, pageNs: 1}

export function looksOf(ns: number, lookNs: number): number {
  return Math.max(1, Math.min(MAX_LOOKS, Math.round(ns / lookNs)))
}
