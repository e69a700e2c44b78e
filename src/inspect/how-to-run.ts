// howToRun: the command that runs a program here, or the reason why it does not run.

import {accessSync, constants} from 'node:fs'
import {arch} from '../arch/index.ts'
import type {ElfError} from '../elf/elf-error.ts'
import {printable} from '../errors.ts'
import type {Inspection, InspectOptions, Program} from './inspection.ts'

type Answer = Pick<Inspection, 'command' | 'obstacle'>

/** @param refusal why hv runs such a file nowhere, if that is so */
export function howToRun(
  {path, root}: InspectOptions,
  program: Program | undefined,
  architecture: string,
  refusal: ElfError | undefined,
): Answer {
  if (program === undefined) return no(`${refusal!.message}: ${refusal!.nextStep}`)
  if (architecture !== arch.name)
    return no(`it is for ${architecture}, and this host is ${arch.name}: run it on a host of that kind`)
  if (program.linking === 'library') return no('it is a library, not a program')
  if (program.kind === 'bare-metal') {
    const obstacle = hasKvm() ? null : 'a bare-metal guest needs KVM: `hv check` says what is missing'
    return {command: `hv run ${shellWord(path)}`, obstacle}
  }
  const {interpreter, libraries} = program
  // Not `--root /`: what a program needs is enough to show it, where nothing is known to be missing.
  const treeFlag =
    root !== undefined ? ` --root ${shellWord(root)}` : interpreter !== null ? ' --with-libs' : ''
  const command = `hv run${treeFlag} ${shellWord(path)}`
  const missing = [interpreter, ...libraries].filter((found) => found !== null && found.path === null)
  if (missing.length === 0) return {command, obstacle: null}
  const names = missing.map((found) => printable(found!.name)).join(', ')
  return {command, obstacle: `${root ?? '/'} lacks ${names}: install what has it there`}
}

function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

const no = (obstacle: string): Answer => ({command: null, obstacle})

/** Quotes for a POSIX shell. */
function shellWord(text: string): string {
  const shown = printable(text)
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`
}
