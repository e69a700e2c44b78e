// checkHost: what this host can do for hv, for the library's callers.

import * as v from 'valibot'
import * as takes from '../options.ts'
import type {HostReport} from './finding.ts'
import {inspectHost} from './inspect-host.ts'

/**
 * What to compare a host with.
 *
 * @example
 * const {findings} = await checkHost({board: 'rpi4'})
 * console.log(findings.find(({id}) => id === 'board')?.status) // e.g. warn
 */
export interface CheckOptions {
  /** Compare with this board of boards/, whatever the host says it is. */
  board?: string
}

const checkOptions = takes.options({board: v.optional(takes.text)})

/**
 * Looks at the host and changes nothing. Nothing about a host makes it throw.
 * @throws HvError ADDON_MISSING; BAD_ARGUMENT; BOARD_INVALID for the board's file
 *
 * @example
 * const {usable, platform, findings} = await checkHost()
 * console.log(usable, platform) // e.g. true kvm
 * for (const {status, title, fix} of findings) if (status === 'fail') console.log(title, fix)
 */
export async function checkHost(options: CheckOptions = {}): Promise<HostReport> {
  return inspectHost(takes.checked(checkOptions, options, 'options'))
}
