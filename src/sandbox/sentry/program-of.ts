// programOf: the program that a request runs, completed from the image, if there is one.

import type {GuestFiles} from '../../launch/guest-files.ts'
import {imageProgram} from '../../launch/image-program.ts'
import {guestEnvironment} from '../../launch/options.ts'
import type {ProgramOptions} from '../../sentry/outside/sentry.ts'
import type {RunRequest} from '../protocol/messages.ts'

/** The default terminal, as of `docker run -t` and node-pty. */
const TERMINAL = 'xterm'

/** @throws HvError BAD_ARGUMENT */
export function programOf(
  {program, args, env, cwd, terminal}: RunRequest,
  config: GuestFiles['config'],
): Pick<ProgramOptions, 'program' | 'args' | 'env' | 'cwd'> {
  const own = guestEnvironment(terminal && TERMINAL)
  if (config !== undefined) return imageProgram(config, {program, args, env, cwd}, own)
  return {program: program as string, args, env: {...own, ...env}, cwd}
}
