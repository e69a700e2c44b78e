// Inspection: what `hv inspect` finds, and prints with --json.

import type {ElfReader} from '../elf/image.ts'
import type {Section} from '../elf/sections.ts'
import type {ProgramTree} from './tree.ts'

export interface InspectOptions {
  /** Without `root` a path of this host, else one of that tree. */
  path: string
  /** Host directory that would be the guest's `/`. */
  root?: string
}

export interface Inspection {
  /** As it was asked for. */
  path: string
  class: 32 | 64
  endian: 'little' | 'big'
  /** `x86_64`, `arm64`, or the name of a foreign machine. */
  architecture: string
  /** `exec`: linked for fixed addresses; `dyn`: anywhere; others do not run. */
  type: string
  /** Absent: hv does not run it, and says why in `obstacle`. */
  program?: Program
  sections: readonly Section[]
  /** Why `sections` is empty, where the file should have some. */
  sectionsDefect?: string
  /** How many its symbol table has, or that for the linker alone where it is stripped. */
  symbols: {table: 'symtab' | 'dynsym' | null; count: number}
  /** The command that runs it here. */
  command: string | null
  /** Why not, where `command` is null or would fail as things are. */
  obstacle: string | null
}

export interface Program {
  kind: 'linux' | 'bare-metal'
  /** By which mark. */
  mark: string
  linking: 'static' | 'static-pie' | 'dynamic' | 'library'
  /** PT_INTERP. */
  interpreter: Found | null
  /** Of it and of those that it needs, in the order in which they are found. */
  libraries: Found[]
  entry: number
  /** All that is loaded, bytes. */
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

export interface Found {
  name: string
  /** In the tree; null: it is not there. */
  path: string | null
}

/** What is inspected. */
export interface ProgramFile {
  /** What the user called it. */
  readonly path: string
  /** Where it is in `tree`: `$ORIGIN` of its libraries. */
  readonly treePath: string
  readonly reader: ElfReader
  readonly tree: ProgramTree
}
