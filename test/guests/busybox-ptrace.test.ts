// busybox on ptrace.

import {describeBusybox} from './busybox.ts'

describeBusybox('ptrace')
