// Fault windows: how many pages a fault brings, by what a fault costs on this host: README.md, "Faults".

import type {Costs} from '../../platform/costs.ts'

/** Pages around a fault, powers of two. */
export interface FaultWindows {
  /** Of new memory: they cost the host nothing until they are touched. */
  readonly zero: number
  /** Of a file: they may have to be read. */
  readonly read: number
  /** Of a file, as far as they need not be read. */
  readonly known: number
  /** That get a copy of their own. */
  readonly copy: number
}

/** Whatever a trap costs, the sentry's answer costs as much as so many pages. */
const FEWEST: FaultWindows = {zero: 16, read: 16, known: 128, copy: 4}
/** Beyond that, what is not used takes up memory. */
const MOST: FaultWindows = {zero: 64, read: 64, known: 512, copy: 16}
/** What one of them costs, in copies of a page: the host's own fault, for a page that it has not given yet, is some of it. */
const COPIES: FaultWindows = {zero: 1, read: 4, known: 0.5, copy: 4}

/** As many as cost together what one more fault would. */
export function faultWindows({trapNs, pageNs}: Costs): FaultWindows {
  const window = (kind: keyof FaultWindows): number => {
    const pages = 2 ** Math.floor(Math.log2(Math.max(1, trapNs / (pageNs * COPIES[kind]))))
    return Math.min(Math.max(pages, FEWEST[kind]), MOST[kind])
  }
  return {zero: window('zero'), read: window('read'), known: window('known'), copy: window('copy')}
}
