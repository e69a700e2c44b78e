// Costs: what traps cost on this host in each way, and how long it follows to wait: README.md, "Break-even".

import type {PollingCosts} from './polling.ts'

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
export function breakEven(costs: Costs): BreakEven {
  const {trapNs, wakeUpNs = 0, lookNs} = costs
  const savedNs = savedBy(costs)
  const spinNs = savedNs + wakeUpNs
  return {
    spinNs,
    quickNs: savedNs > 0 && wakeUpNs > 0 ? trapNs + spinNs : 0,
    answerLooks: looksOf(trapNs + wakeUpNs, lookNs),
    commandLooks: looksOf(wakeUpNs, lookNs),
  }
}

/** What a trap that polling finds saves. */
const savedBy = ({trapNs, polledNs = trapNs}: Costs): number => Math.max(0, trapNs - polledNs)

/**
 * KVM: it begins after a streak of eight quick exits. Sleeping costs as much as several exits, and so do four system calls that the shim gave
 * up on, which show that the sentry does not get the processor that it polls on.
 */
export function kvmPolling(costs: Costs): PollingCosts {
  const savedNs = Math.round(savedBy(costs))
  return {
    quickNs: breakEven(costs).quickNs,
    savedNs,
    lostNs: 4 * savedNs,
    movedNs: Math.round(costs.trapNs + (costs.wakeUpNs ?? 0)),
    beginNs: 8 * savedNs,
    stakeNs: 16 * savedNs,
    mostDoubt: 4,
    mostDoubtSlow: 512,
    warmUp: 0,
  }
}

/** What a stop costs on another processor than the sentry's in addition: each of the two falls asleep, and is woken. */
const stopLoss = ({wakeUpNs = 0}: Costs): number => 2 * wakeUpNs

/**
 * ptrace, for calls through the gate. The stake is the cost of moving the program to another processor and back. It begins when V8 has
 * compiled the sentry, on the processor that the program would take.
 */
export function gatePolling(costs: Costs): PollingCosts {
  const lostNs = stopLoss(costs)
  const stakeNs = (costs.trapNs + lostNs) * 2
  return {
    quickNs: breakEven({...costs, wakeUpNs: lostNs}).quickNs,
    savedNs: Math.round(savedBy(costs)),
    lostNs,
    movedNs: lostNs + costs.trapNs,
    beginNs: stakeNs,
    stakeNs,
    mostDoubt: 16,
    mostDoubtSlow: 1024,
    warmUp: 16_384,
  }
}

/**
 * Several contexts whose calls come no further apart get more done by turns, found by polling: each call then saves a trap and two wake-ups,
 * its own and the sentry's. 0: never.
 */
export function turnsNs(costs: Costs): number {
  const {wakeUpNs = 0} = costs
  const savedNs = savedBy(costs)
  return savedNs > 0 && wakeUpNs > 0 ? savedNs + 2 * wakeUpNs : 0
}

/** How often to look: Looks of native/ptrace/traced_context.h. */
export interface GateLooks {
  spinLooks: number
  answerLooks: number
  stopLooks: number
}

/** The gate looks for an answer for as long as this many stops take: it usually comes, and a sentry that goes to sleep first says so. */
const ANSWERS = 8

export function gateLooks(costs: Costs): GateLooks {
  const {trapNs, lookNs} = costs
  const lostNs = stopLoss(costs)
  return {
    spinLooks: looksOf(savedBy(costs) + lostNs, lookNs),
    answerLooks: looksOf(ANSWERS * (trapNs + lostNs), lookNs),
    stopLooks: looksOf(trapNs, lookNs),
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

function looksOf(ns: number, lookNs: number): number {
  return Math.max(1, Math.min(MAX_LOOKS, Math.round(ns / lookNs)))
}
