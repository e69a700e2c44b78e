// No page of arm64's is one where a jump is a call.

import type {VsyscallPage} from '../architecture.ts'

export const vsyscall: VsyscallPage | undefined = undefined
