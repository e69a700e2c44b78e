// arm64: the checks, in the order in which they are reported, and the part of the report that is for programs.

import type {ArchChecks, Check, Facts} from '../facts.ts'
import type {HostMachine} from '../finding.ts'
import {pageSizeOf} from '../surroundings.ts'
import {
  CAPABILITIES,
  FEATURES,
  hasEl2ForGuests,
  ipaBitsOf,
  MORE_CAPABILITIES,
  QUESTIONS,
  smcccFilterErrno,
  vgicsOf,
} from './capabilities.ts'
import {checkFirmware, hypervisorOf} from './firmware.ts'
import {checkInterruptController, checkIpa, checkPageSize, checkSmcccFilter} from './limits.ts'
import {cpusOf} from './midr.ts'
import {checkMode, modeOf} from './mode.ts'
import {checkModules} from './modules.ts'

export const checkCpu: Check = ({host}) => {
  const {cpus, source} = cpusOf(host)
  const subject = {id: 'cpu-virtualization', title: 'Processor'}
  const behind = hypervisorOf(host)
  const told = behind ? `; this is a virtual machine (${behind}), whose host may have told otherwise` : ''
  if (cpus.length === 0) {
    return {
      ...subject,
      status: 'info',
      detail: 'Its cores could not be read.',
      evidence: `${source}: nothing`,
    }
  }
  const detail = cpus
    .map(({name, hasVhe}) => {
      if (hasVhe === undefined) return `${name}: whether it has VHE is not known to hv.`
      return hasVhe ? `${name}: it has VHE.` : `${name}: EL2 without VHE (Armv8.0).`
    })
    .join(' ')
  const numbers = cpus.map(({implementer, part}) => `implementer ${implementer}, part ${part}`).join('; ')
  const status = cpus.some(({hasVhe}) => hasVhe === undefined) ? 'info' : 'ok'
  return {...subject, status, detail, evidence: `${source}: ${numbers}${told}`}
}

export const checkNested: Check = (facts) => {
  const hasEl2 = hasEl2ForGuests(facts)
  if (hasEl2 === null) return []
  return {
    id: 'nested',
    title: 'Nested virtualization',
    status: 'info',
    detail: hasEl2
      ? 'On: guests can have an EL2.'
      : 'Off: guests cannot have an EL2. hv does not need it. It takes a core of Armv8.4 with FEAT_NV2, Linux 6.16 and `kvm-arm.mode=nested`.',
    evidence: `KVM_CHECK_EXTENSION: KVM_CAP_ARM_EL2=${Number(hasEl2)}`,
  }
}

export const arm64: ArchChecks = {
  capabilities: CAPABILITIES,
  moreCapabilities: MORE_CAPABILITIES,
  features: FEATURES,
  questions: QUESTIONS,
  checks: [
    checkCpu,
    checkFirmware,
    checkModules,
    checkMode,
    checkNested,
    checkIpa,
    checkInterruptController,
    checkPageSize,
    checkSmcccFilter,
  ],
  machineOf,
}

function machineOf(facts: Facts): HostMachine {
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
