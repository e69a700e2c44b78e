// The process with which `hv check` looks at the jail: it enters one, and prints what became of each layer.

import {writeSync} from 'node:fs'
import {Jail} from './jail.ts'
import {launchErrnosOf} from './layer.ts'

const STDOUT = 1

const jail = Jail.begin('best', [], launchErrnosOf(process.argv[2]))
jail.limit({memoryBytes: 2 ** 29, maxTasks: 64, cpus: 1, cpuQuotaPercent: 100})
jail.close({roots: [], directories: [], caller: 'kvm', hasChildren: false})
writeSync(STDOUT, JSON.stringify(jail.layers))
