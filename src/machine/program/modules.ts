// Modules of a kernel: which ones a machine's devices need, by depmod's list, in the order of loading (man 5 modules.dep).

import {failedKernel} from '../kernel.ts'

/** What the list of modules lies in, and all of them together: allegations. */
const LIST = 'modules.dep'
const MOST_MODULES = 128
const MOST_BYTES = 256 << 20

/** `path` below the directory of one kernel's modules. @throws HvError */
export type ReadModule = (path: string) => Uint8Array

export interface Module {
  /** Of the file, without directories. */
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * What is in no list is built into the kernel, or missing: it says so itself.
 * @param wanted names of modules, without endings
 * @throws HvError BAD_KERNEL
 */
export function readModules(read: ReadModule, wanted: readonly string[]): Module[] {
  const needs = parse(Buffer.from(read(LIST)).toString('latin1'))
  const order = new Set<string>()
  for (const name of wanted) {
    const path = needs.byName.get(plain(name))
    // The list has what a module needs from right to left.
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

/** A module has a dash or an underscore in its name: they are the same. */
const plain = (name: string): string => name.replaceAll('-', '_')

const tooMuch = (): Error =>
  failedKernel(`has more modules than a machine takes (${MOST_MODULES})`, 'run depmod(8) for them')
