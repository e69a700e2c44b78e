// Modules of a kernel: finds those that a machine's devices need in depmod's list, in the order of loading (man 5 modules.dep).

import {failedKernel} from '../boot/kernel-start.ts'

/** The file with the list of modules, and the most that modules may have together: all of it is untrusted. */
const LIST = 'modules.dep'
const MOST_MODULES = 128
const MOST_BYTES = 256 << 20

/** Reads `path` below the directory of one kernel's modules. @throws HvError */
export type ReadModule = (path: string) => Uint8Array

export interface Module {
  /** The file's name, without directories. */
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * A module that is in no list is built into the kernel, or missing: then the kernel says so.
 * @param wanted names of modules, without file endings
 * @throws HvError BAD_KERNEL
 */
export function readModules(read: ReadModule, wanted: readonly string[]): Module[] {
  const needs = parse(Buffer.from(read(LIST)).toString('latin1'))
  const order = new Set<string>()
  for (const name of wanted) {
    const path = needs.byName.get(plain(name))
    // A line lists a module's dependencies in reverse order of loading.
    if (path !== undefined) for (const each of [...needs.of(path).toReversed(), path]) order.add(each)
  }
  if (order.size > MOST_MODULES) throw tooMuch()
  let room = MOST_BYTES
  return [...order].map((path) => {
    const bytes = read(path)
    room -= bytes.length
    if (room < 0) throw tooMuch()
    return {name: path.slice(path.lastIndexOf('/') + 1), bytes}
  })
}

function parse(text: string): {byName: Map<string, string>; of(path: string): string[]} {
  const needs = new Map<string, string>()
  const byName = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const path = line.slice(0, colon)
    needs.set(path, line.slice(colon + 1))
    byName.set(nameOf(path), path)
  }
  return {byName, of: (path) => needs.get(path)!.split(' ').filter(Boolean)}
}

/** `kernel/net/vmw_vsock/vsock.ko.xz`: vsock. */
function nameOf(path: string): string {
  return plain(path.slice(path.lastIndexOf('/') + 1).replace(/\.ko.*$/, ''))
}

/** A dash and an underscore in a module's name are the same. */
const plain = (name: string): string => name.replaceAll('-', '_')

const tooMuch = (): Error =>
  failedKernel(`has more modules than a machine takes (${MOST_MODULES})`, 'run depmod(8) for them')
