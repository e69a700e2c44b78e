// formatInspection: an inspection for people; the last line says how to run it.

import {hex} from '../elf/elf-error.ts'
import {printable} from '../errors.ts'
import type {Inspection, LibraryPath, Program} from './inspection.ts'

const TYPES: Record<string, string> = {
  exec: 'linked for fixed addresses',
  dyn: 'position-independent',
  rel: 'object file',
  core: 'core dump',
}

const MORE =
  'If it lacks files (plug-ins, data): --volume shows them; --root / shows it all of this host that you may read.'

export function formatInspection(inspection: Inspection): string {
  const {program, sections, sectionsDefect, symbols, command, obstacle} = inspection
  const facts: [string, string][] = [
    [
      'File',
      `ELF, ${inspection.class} bits, ${inspection.endian}-endian, ${TYPES[inspection.type] ?? inspection.type}`,
    ],
    ['Architecture', inspection.architecture],
    ...(program ? programFacts(program) : []),
    ['Sections', sectionsDefect ? `unreadable: ${sectionsDefect}` : String(sections.length)],
    ['Symbols', symbolsText(symbols)],
  ]
  const blocks = [
    `${printable(inspection.path)}\n${rows(facts.map(([name, text]) => [`  ${name}`, text]))}`,
    ...(program ? programTables(program) : []),
    ...sectionTable(sections),
    verdict(command, obstacle),
  ]
  return `${blocks.join('\n\n')}\n`
}

function programFacts(program: Program): [string, string][] {
  const {kind, mark, linking, interpreter, libraries, entry, memoryBytes, executableStack} = program
  const missing = libraries.filter(({path}) => path === null).length
  return [
    ['Kind', `${kind === 'linux' ? 'Linux program' : 'bare-metal guest'}: ${mark}`],
    ['Linking', linking],
    ...(interpreter ? [['Interpreter', foundText(interpreter)] as [string, string]] : []),
    ...(interpreter ? [['Libraries', `${libraries.length}, ${missing} missing`] as [string, string]] : []),
    ['Entry', hex(entry)],
    ['Loaded', `${memoryBytes} bytes${executableStack ? '; its stack may be executed' : ''}`],
  ]
}

function programTables({libraries, segments, notes}: Program): string[] {
  const segmentRows = segments.map(({type, flags, address, offset, fileBytes, memoryBytes}) => [
    ...[type, flags, hex(address), hex(offset), String(fileBytes), String(memoryBytes)],
  ])
  const libraryRows = libraries.map(({name, path}) => [printable(name), placeOf(path)])
  const noteRows = notes.map(({name, type, text}) => [printable(name), String(type), text])
  return [
    ...table('Libraries', [], libraryRows),
    ...table('Segments', ['type', 'flags', 'address', 'offset', 'in file', 'in memory'], segmentRows),
    ...table('Notes', [], noteRows),
  ]
}

function sectionTable(sections: Inspection['sections']): string[] {
  const lines = sections
    .slice(1)
    .map(({name, type, address, size, flags}) => [
      ...[printable(name), type, hex(address), String(size), flags.join(' ')],
    ])
  return table('Sections', ['name', 'type', 'address', 'bytes', ''], lines)
}

function symbolsText({table: name, count}: Inspection['symbols']): string {
  if (name === 'symtab') return String(count)
  return name === 'dynsym' ? `${count} for the dynamic linker; stripped of others` : 'none'
}

const foundText = ({name, path}: LibraryPath): string =>
  `${printable(name)}, ${path === null ? 'not found' : 'found'}`
const placeOf = (path: string | null): string => (path === null ? 'not found' : printable(path))

function verdict(command: string | null, obstacle: string | null): string {
  if (command === null) return `It does not run here: ${obstacle}.`
  if (obstacle !== null) return `To run it: ${command}; but ${obstacle}.`
  const isMeagre = command.startsWith('hv run --with-libs ')
  return `To run it: ${command}${isMeagre ? `\n${MORE}` : ''}`
}

/** @returns none without lines */
function table(title: string, head: string[], lines: string[][]): string[] {
  if (lines.length === 0) return []
  const all = head.length > 0 ? [head, ...lines] : lines
  return [`${title}\n${rows(all.map(([first, ...rest]) => [`  ${first}`, ...rest]))}`]
}

function rows(lines: readonly string[][]): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
