// procfs: /proc over a ProcSource. Nothing is stored: every lookup asks the source, and inodes are made on demand.

import {S_IFDIR} from '../../abi/file-mode.ts'
import type {Budget} from '../budget.ts'
import {NO_CLOCK} from '../clock.ts'
import type {ByteString} from '../file.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from '../file-system.ts'
import {link} from './proc-links.ts'
import {type Contents, type Entry, ProcDirectory} from './proc-nodes.ts'
import {ProcessDirectory} from './proc-process.ts'
import type {ProcSource} from './proc-source.ts'
import {systemEntries} from './proc-system.ts'

const PROC_SUPER_MAGIC = 0x9fa0

export class Procfs implements FileSystem {
  readonly type = 'proc'
  readonly readOnly = false
  dev = 0
  clock = NO_CLOCK
  readonly root: ProcDirectory
  readonly budget: Budget | undefined

  /** @param budget counts texts and lists that are being read */
  constructor(source: ProcSource, budget?: Budget) {
    this.budget = budget
    this.root = new ProcDirectory(rootContents(source), this, undefined, '')
  }

  statfs(): FileSystemStatistics {
    return emptyStatistics(PROC_SUPER_MAGIC)
  }

  dispose(): void {}
}

function rootContents(source: ProcSource): Contents {
  const entries = new Map<ByteString, Entry>(Object.entries(systemEntries(source)))
  entries.set(
    'self',
    link(() => String(source.current.pid)),
  )
  entries.set(
    'thread-self',
    link(() => `${source.current.pid}/task/${source.current.tid}`),
  )
  return {
    *names() {
      for (const [name, {kind}] of entries) yield [name, kind]
      for (const pid of source.pids()) yield [String(pid), S_IFDIR]
    },
    find(name) {
      const entry = entries.get(name)
      if (entry !== undefined) return entry.make
      if (!/^[1-9][0-9]{0,9}$/.test(name)) return undefined
      // A thread, too, has a directory, which no listing shows.
      const process = source.process(Number(name))
      if (process === undefined) return undefined
      return (parent) => new ProcessDirectory(source, process, parent, name)
    },
  }
}
