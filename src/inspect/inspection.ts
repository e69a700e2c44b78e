// Inspection: what `hv inspect` finds, and prints with --json.

import type {ElfReader} from '../elf/image.ts'
import type {Section} from '../elf/sections.ts'
import type {ProgramTree} from './tree.ts'

export interface InspectOptions {
  /** Without `root` a path of this host, otherwise one in that tree. */
  path: string
  /** Host directory that would become the guest's `/`. */
  root?: string
}

export interface Inspection {
  /** The path as it was given. */
  path: string
  class: 32 | 64
  endian: 'little' | 'big'
  /** `x86_64`, `arm64`, or the name of a foreign machine. */
  architecture: string
  /** `exec`: linked for fixed addresses; `dyn`: anywhere; others do not run. */
  type: string
  /** Absent when hv does not run it; `obstacle` says why. */
  program?: Program
  sections: readonly Section[]
  /** Why `sections` is empty although the file should have some. */
  sectionsDefect?: string
  /** The number in its symbol table, or if it is stripped, in the dynamic linker's alone. */
  symbols: {table: 'symtab' | 'dynsym' | null; count: number}
  /** The command that runs it here. */
  command: string | null
  /** Why not, if `command` is null or would fail at present. */
  obstacle: string | null
}

export interface Program {
  kind: 'linux' | 'bare-metal'
  /** The mark that shows it. */
  mark: string
  linking: 'static' | 'static-pie' | 'dynamic' | 'library'
  /** PT_INTERP. */
  interpreter: LibraryPath | null
  /** Its libraries and theirs, in the order in which they are found. */
  libraries: LibraryPath[]
  entry: number
  /** Bytes of all loaded segments. */
  memoryBytes: number
  /** Its stack may be executed. */
  executableStack: boolean
  segments: {
    type: string
    flags: string
    address: number
    offset: number
    fileBytes: number
    memoryBytes: number
  }[]
  notes: {name: string; type: number; text: string}[]
}

export interface LibraryPath {
  name: string
  /** Its path in the tree; null when it is not there. */
  path: string | null
}

/** The file that is inspected. */
export interface ProgramFile {
  /** The name by which the user called it. */
  readonly path: string
  /** Its path in `tree`, which is its libraries' `$ORIGIN`. */
  readonly treePath: string
  readonly reader: ElfReader
  readonly tree: ProgramTree
}
