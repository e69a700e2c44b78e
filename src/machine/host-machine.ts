// machine: the machine of this host's architecture.

import {arch} from '../arch/index.ts'
import {machine as arm64} from './arm64/machine.ts'
import type {Machine} from './machine.ts'
import {machine as x86_64} from './x86_64/machine.ts'

export const machine: Machine = {x86_64, arm64}[arch.name]
