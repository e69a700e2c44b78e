// x86_64: the part of the report that is for programs.

import type {Facts} from '../facts.ts'
import type {HostMachine} from '../finding.ts'
import type {Host} from '../host.ts'
import {pageSizeOf} from '../page-size.ts'
import {cpuOf, isNested, PVM_MODULE} from './cpu.ts'

export function machineOf({host}: Facts): HostMachine {
  const {model, physicalBits} = cpuOf(host)
  return {
    cores: model ? [{name: model, implementer: null, part: null}] : [],
    mode: modeOf(host),
    ipaBits: physicalBits,
    vgic: null,
    pageSize: pageSizeOf(host),
    smcccFilter: null,
    nested: isNested(host),
  }
}

function modeOf(host: Host): string | null {
  if (host.hasModule(PVM_MODULE)) return 'pvm'
  const {flags} = cpuOf(host)
  return ['vmx', 'svm'].find((flag) => flags.has(flag)) ?? null
}
