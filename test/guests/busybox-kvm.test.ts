// busybox on kvm.

import {describeBusybox} from './busybox.ts'

describeBusybox('kvm')
