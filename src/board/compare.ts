// Compares what hv check found with what a board's file expects.

import type {Board} from './schema.ts'

/** What was found, in the form of hv check's report (`machine`); null: not known. */
export interface HostFacts {
  cores: {name: string; implementer: string | null; part: string | null}[]
  mode: string | null
  ipaBits: number | null
  vgic: string[] | null
  pageSize: number | null
}

export interface Difference {
  /** The board's field. */
  field: string
  expected: string
  found: string
}

/** An unknown value is no difference, except for the mode: a board without KVM has none. */
export function differences(board: Board, found: HostFacts): Difference[] {
  const {expect} = board
  const list: Difference[] = []
  const differs = (field: string, expected: string, what: string): void => {
    list.push({field, expected, found: what})
  }

  const idOf = (core: {implementer: string | null; part: string | null}): string =>
    `${Number(core.implementer)}/${Number(core.part)}`
  const known = board.cores.map(idOf)
  const strange = found.cores.filter((core) => known.length > 0 && !known.includes(idOf(core)))
  if (strange.length > 0) differs('cores', namesOf(board.cores), namesOf(strange))
  if (!expect.modes.includes(found.mode ?? '')) {
    differs('expect.modes', expect.modes.join(' or '), found.mode ?? 'unknown')
  }
  if (expect.ipaBits !== null && found.ipaBits !== null && found.ipaBits !== expect.ipaBits) {
    differs('expect.ipaBits', String(expect.ipaBits), String(found.ipaBits))
  }
  if (expect.vgic && found.vgic && expect.vgic.join() !== found.vgic.join()) {
    differs('expect.vgic', listOf(expect.vgic), listOf(found.vgic))
  }
  if (board.pageSizes !== null && found.pageSize !== null && !board.pageSizes.includes(found.pageSize)) {
    differs('pageSizes', board.pageSizes.join(' or '), String(found.pageSize))
  }
  return list
}

function namesOf(cores: readonly {name: string}[]): string {
  return cores.map(({name}) => name).join(' and ')
}

function listOf(versions: readonly string[]): string {
  return versions.length === 0 ? 'none' : versions.join(' and ')
}
