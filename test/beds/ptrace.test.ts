// The ptrace platform in the beds whose guests every run tests on KVM.

import {describeBed, testHv} from '../bed/matrix.ts'
import {UNABLE} from '../bed/svm.ts'

for (const name of ['a76', 'a72']) describeBed(name, (inside) => testHv(name, inside, ['ptrace']))
describeBed('svm', (inside) => testHv('svm', inside, ['ptrace'], UNABLE))
