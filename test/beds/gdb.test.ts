// gdb and machines where KVM keeps a guest's debug registers in another way: each run's beds test bare ones under VHE; kernels take a
// minute.

import {testGdb} from '../bed/gdb.ts'
import {testGdbOfKernel} from '../bed/gdb-kernel.ts'
import {testGdbOfProcesses} from '../bed/gdb-processes.ts'
import {describeBed} from '../bed/matrix.ts'

describeBed('svm', (inside, forward) => testGdbOfKernel('x86_64', inside, forward, {tries: 3}))
describeBed('a76', (inside, forward) => {
  testGdbOfProcesses(inside, forward)
  testGdbOfKernel('arm64', inside, forward)
})
describeBed('a72', (inside, forward) => {
  testGdb('arm64', inside, forward)
  testGdbOfKernel('arm64', inside, forward)
})

const others = ['nvhe', 'protected', 'hvhe', 'nv2', 'gic2', '16k']
for (const name of others) describeBed(name, (inside, forward) => testGdb('arm64', inside, forward))
