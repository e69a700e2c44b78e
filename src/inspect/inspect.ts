// inspectProgram: what a file is, and what running it here takes.

import {accessSync, constants} from 'node:fs'
import {ELFOSABI_STANDALONE, PF_X} from '../abi/elf.ts'
import {arch} from '../arch/index.ts'
import {isBareMetal} from '../elf/bare-metal.ts'
import {readDynamic} from '../elf/dynamic.ts'
import {ElfError} from '../elf/elf-error.ts'
import type {ElfImage} from '../elf/image.ts'
import {parseElf} from '../elf/parse.ts'
import {type ForeignHeader, readForeignHeader, readSections} from '../elf/sections.ts'
import {printable} from '../errors.ts'
import type {Inspection, InspectOptions, Program, ProgramFile} from './inspection.ts'
import {findLibraries} from './libraries.ts'
import {libraryPath} from './library-path.ts'
import {loadedBytes, notesOf, segmentsOf} from './loading.ts'
import {withProgramFile} from './program-file.ts'

const SYMBOL_BYTES = {'32': 16, '64': 24}

/** @throws HvError NOT_FOUND, NOT_EXECUTABLE and BAD_ELF for a file that is no ELF file, or a defective one */
export function inspectProgram(options: InspectOptions): Inspection {
  return withProgramFile(options, (file) => inspectFile(file, options.root))
}

/** @throws HvError as inspectProgram */
export function inspectFile(file: ProgramFile, root: string | undefined): Inspection {
  const header = readForeignHeader(file.reader)
  const parsed = parse(file, header)
  const refusal = parsed instanceof ElfError ? parsed : undefined
  const program = parsed instanceof ElfError ? undefined : programOf(file, parsed)
  const sections = readSections(file.reader)
  const architecture = header?.machine ?? 'unknown'
  return {
    path: file.path,
    class: header?.class === '32' ? 32 : 64,
    endian: header?.endian === 'msb' ? 'big' : 'little',
    architecture,
    type: header?.type ?? 'unknown',
    ...(program && {program}),
    sections: typeof sections === 'string' ? [] : sections,
    ...(typeof sections === 'string' && {sectionsDefect: sections}),
    symbols: symbolsOf(sections, header),
    ...howToRun({path: file.path, root}, program, architecture, refusal),
  }
}

/** An image; or why hv does not run a sound file of another machine or kind. */
function parse({reader, path}: ProgramFile, header: ForeignHeader | undefined): ElfImage | ElfError {
  try {
    return parseElf(reader, path)
  } catch (error) {
    if (header !== undefined && error instanceof ElfError && error.code === 'NOT_EXECUTABLE') return error
    throw error
  }
}

function programOf({reader, treePath, tree}: ProgramFile, image: ElfImage): Program {
  const {interp: interpreter, machine} = image
  const dynamic = readDynamic(reader, image)
  const isBare = isBareMetal(image)
  return {
    kind: isBare ? 'bare-metal' : 'linux',
    mark: markOf(image),
    linking: linkingOf(image, dynamic?.isPie ?? false),
    interpreter:
      interpreter === undefined
        ? null
        : {name: interpreter, path: tree.read(interpreter, () => interpreter) ?? null},
    libraries:
      interpreter === undefined || dynamic === undefined
        ? []
        : findLibraries(
            tree,
            machine,
            interpreter,
            treePath,
            dynamic,
            libraryPath(tree, machine, interpreter),
          ),
    entry: image.entry,
    memoryBytes: loadedBytes(image),
    executableStack: ((image.stackFlags ?? 0) & PF_X) !== 0,
    segments: segmentsOf(image),
    notes: notesOf(reader, image),
  }
}

function markOf(image: ElfImage): string {
  if (image.machineNote !== undefined) return 'the note hv, type 1'
  if (isBareMetal(image)) return `ET_EXEC with OSABI ${ELFOSABI_STANDALONE} (standalone)`
  return 'no mark of a bare-metal guest'
}

function linkingOf({type, interp}: ElfImage, isPie: boolean): Program['linking'] {
  if (interp !== undefined) return 'dynamic'
  if (type === 'EXEC') return 'static'
  return isPie ? 'static-pie' : 'library'
}

function symbolsOf(
  sections: ReturnType<typeof readSections>,
  header: ForeignHeader | undefined,
): Inspection['symbols'] {
  const none = {table: null, count: 0}
  if (typeof sections === 'string' || header === undefined) return none
  for (const table of ['symtab', 'dynsym'] as const) {
    const section = sections.find(({type}) => type === table)
    // The first is the null symbol.
    if (section) return {table, count: Math.max(0, Math.floor(section.size / SYMBOL_BYTES[header.class]) - 1)}
  }
  return none
}

type Answer = Pick<Inspection, 'command' | 'obstacle'>

/** @param refusal why hv runs such a file nowhere, if that is so */
function howToRun(
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
