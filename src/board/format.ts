// Boards for people: a table of all, and one with all its facts.

import {ruleOf} from './detect.ts'
import type {Board} from './schema.ts'

const KIB = 1024

export function formatBoards(boards: readonly Board[]): string {
  const head = ['NAME', 'CORES', 'VHE', 'GIC', 'IPA', 'PAGES', 'EMULATED BY', 'WHAT']
  const rows = boards.map((board) => [
    board.name,
    coresOf(board),
    yesNo(board.vhe),
    board.gic ?? '-',
    board.expect.ipaBits === null ? '-' : String(board.expect.ipaBits),
    pagesOf(board),
    board.emulation?.cpu ?? '-',
    board.title,
  ])
  return table([head, ...rows])
}

export function formatBoard(board: Board): string {
  const {expect, emulation} = board
  const facts: [string, string][] = [
    ['architecture', board.architecture],
    [
      'cores',
      board.cores.map(({name, implementer, part}) => `${name} (${implementer}/${part})`).join(', ') || '-',
    ],
    ['VHE', yesNo(board.vhe)],
    ['GIC', board.gic ?? '-'],
    ['page sizes', pagesOf(board)],
    ['/dev/kvm', board.kvm],
    [
      'hv check',
      `mode ${expect.modes.join(' or ')}; guest addresses ${bits(expect.ipaBits)}; ${vgics(expect.vgic)}`,
    ],
    ['recognised by', board.recognise.map(ruleOf).join('; ')],
    [
      'emulation',
      emulation
        ? `-machine ${emulation.machine} -cpu ${emulation.cpu} -smp ${emulation.cpus} -m ${emulation.memoryMib}`
        : 'QEMU cannot',
    ],
    ...(emulation?.kernelArguments
      ? [['kernel arguments', emulation.kernelArguments] as [string, string]]
      : []),
    ...(emulation?.note ? [['', emulation.note] as [string, string]] : []),
    ...Object.entries(board.sources).map(([field, source], i): [string, string] => [
      i === 0 ? 'sources' : '',
      `${field}: ${source}`,
    ]),
  ]
  return `${board.name}: ${board.title}\n\n${table(facts, '  ')}`
}

function coresOf(board: Board): string {
  return board.cores.map(({name}) => name).join(', ') || '-'
}

function pagesOf(board: Board): string {
  if (board.pageSizes === null) return '-'
  return `${board.pageSizes.map((bytes) => bytes / KIB).join(', ')} KiB`
}

function yesNo(value: boolean | null): string {
  return value === null ? '-' : value ? 'yes' : 'no'
}

function bits(count: number | null): string {
  return count === null ? 'of any size' : `of ${count} bits`
}

function vgics(versions: string[] | null): string {
  if (versions === null) return 'any interrupt controller'
  return versions.length === 0 ? 'no GIC for guests' : `GIC ${versions.join(' and ')} for guests`
}

/** Aligns columns, two spaces apart; nothing follows the last one. */
function table(rows: readonly (readonly string[])[], indent = ''): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row: readonly string[]): string =>
    indent +
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd()
  return `${rows.map(line).join('\n')}\n`
}
