// Fault windows: how many pages a fault brings, depending on what a fault costs on this host: README.md, "Faults".

import type {Costs} from '../../platform/costs.ts'

/** Pages around a fault, powers of two. */
export interface FaultWindows {
  /** New memory: its pages cost the host nothing until they are touched. */
  readonly zero: number
  /** Pages of a file that may have to be read. */
  readonly read: number
  /** Pages of a file that need not be read. */
  readonly known: number
  /** Pages that are copied. */
  readonly copy: number
}

/** Whatever a trap costs, the sentry's own work costs as much as this many pages. */
const FEWEST: FaultWindows = {zero: 16, read: 16, known: 128, copy: 4}
/** Beyond this, unused pages waste memory. */
const MOST: FaultWindows = {zero: 64, read: 64, known: 512, copy: 16}
/** What one page costs, in page copies. The host's own fault, for a page that it has not given yet, is part of it. */
const COPIES: FaultWindows = {zero: 1, read: 4, known: 0.5, copy: 4}

/** As many pages as cost together what one more fault would. */
export function faultWindows({trapNs, pageNs}: Costs): FaultWindows {
  const window = (kind: keyof FaultWindows): number => {
    const pages = 2 ** Math.floor(Math.log2(Math.max(1, trapNs / (pageNs * COPIES[kind]))))
    return Math.min(Math.max(pages, FEWEST[kind]), MOST[kind])
  }
  return {zero: window('zero'), read: window('read'), known: window('known'), copy: window('copy')}
}
