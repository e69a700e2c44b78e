// The directory of a snapshot: manifest.json, KVM's state, and memory. It is written whole or not at all; restoring changes nothing in it.

import {closeSync, constants, fstatSync, openSync, readSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {HvError, printable} from '../../errors.ts'
import {makeDirectory} from '../../output-file.ts'
import {invalid} from '../../vm/save/format.ts'
import {Vm} from '../../vm/vm.ts'
import {decodeManifest, encodeManifest, MANIFEST_MAX, type Manifest} from './manifest.ts'

const [MANIFEST, STATE, MEMORY] = ['manifest.json', 'state', 'memory']
/** Only for the owner: the guest's memory is in it. */
const [DIRECTORY_MODE, FILE_MODE] = [0o700, 0o600]

/** @param vm no vCPU of it runs @throws HvError FILE_FAILED, BAD_ARGUMENT; nothing has changed then */
export function writeSnapshot(directory: string, vm: Vm, manifest: Manifest): void {
  failing(directory, 'name a new directory, where there is room for the memory', () =>
    makeDirectory(directory, DIRECTORY_MODE, (path) => {
      const [memory, state] = [MEMORY, STATE].map((name) => openSync(join(path, name), 'wx', FILE_MODE))
      try {
        vm.save(state, {memory})
      } finally {
        closeSync(memory)
        closeSync(state)
      }
      writeFileSync(join(path, MANIFEST), encodeManifest(manifest), {flag: 'wx', mode: FILE_MODE})
    }),
  )
}

/** A snapshot that is being restored. */
export class SnapshotDirectory {
  readonly manifest: Manifest
  readonly #directory: string

  /** @throws HvError FILE_FAILED, SAVE_INVALID */
  constructor(directory: string) {
    this.#directory = directory
    this.manifest = this.#with(MANIFEST, (fd) => decodeManifest(readText(fd)))
  }

  /** @throws HvError FILE_FAILED, SAVE_INVALID; as Vm.restore */
  restoreVm(): Vm {
    return this.#with(STATE, (state) => this.#with(MEMORY, (memory) => Vm.restore(state, {memory})))
  }

  #with<Result>(name: string, read: (fd: number) => Result): Result {
    const fd = failing(this.#directory, 'name a directory that `snapshot` wrote', () =>
      // Opening a pipe must not wait for its other end.
      openSync(join(this.#directory, name), constants.O_RDONLY | constants.O_NONBLOCK),
    )
    try {
      if (!fstatSync(fd).isFile()) throw invalid(`its ${name} is no file`)
      return read(fd)
    } finally {
      closeSync(fd)
    }
  }
}

function readText(fd: number): string {
  const {size} = fstatSync(fd)
  if (size > MANIFEST_MAX) throw invalid(`its manifest has ${size} bytes, ${MANIFEST_MAX} at most`)
  const bytes = Buffer.alloc(size)
  let length = 0
  for (let count = -1; count !== 0 && length < size; length += count)
    count = readSync(fd, bytes, length, size - length, length)
  return bytes.toString('utf8', 0, length)
}

function failing<Result>(directory: string, nextStep: string, act: () => Result): Result {
  try {
    return act()
  } catch (cause) {
    const {code, syscall} = cause as NodeJS.ErrnoException
    if (cause instanceof HvError || syscall === undefined) throw cause
    throw new HvError('FILE_FAILED', `the snapshot ${printable(directory)}: ${syscall} ${code}`, nextStep, {
      ...{cause, errno: code},
    })
  }
}
