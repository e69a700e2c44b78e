// rehearseIfCold: the first start of a build compiles the code that programs need, before a jail; later starts find it.

import type {CodeCache} from '../kept-code.ts'
import type {PlatformChoice} from '../platform/choice.ts'

export async function rehearseIfCold(platform: PlatformChoice, code: CodeCache | undefined): Promise<void> {
  if (code?.directory === undefined || !code.isCold()) return
  const {rehearse} = await import('../sentry/outside/rehearsal.ts')
  await rehearse(platform, code.directory)
}
