// arm64: the part of the report that is for programs.

import type {Facts} from '../facts.ts'
import type {HostMachine} from '../finding.ts'
import {pageSizeOf} from '../page-size.ts'
import {hasEl2ForGuests, ipaBitsOf, smcccFilterErrno, vgicsOf} from './capabilities.ts'
import {cpusOf} from './midr.ts'
import {modeOf} from './mode.ts'

export function machineOf(facts: Facts): HostMachine {
  const filter = smcccFilterErrno(facts)
  return {
    cores: cpusOf(facts.host).cpus.map(({name, implementer, part}) => ({name, implementer, part})),
    mode: modeOf(facts),
    ipaBits: ipaBitsOf(facts),
    vgic: vgicsOf(facts),
    pageSize: pageSizeOf(facts.host),
    smcccFilter: filter === null ? null : filter === 0,
    nested: hasEl2ForGuests(facts),
  }
}
