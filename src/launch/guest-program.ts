// guestProgram: the program that a guest runs, from the request and from the image: path, arguments, environment, directory.

import {HvError} from '../errors.ts'
import type {ImageConfig} from '../image/open-image.ts'
import type {ProgramOptions} from '../sentry/outside/sentry.ts'
import type {RunOptions} from './options.ts'

type GuestProgram = Pick<ProgramOptions, 'program' | 'args' | 'env' | 'cwd'>

/** What the user asks for, in addition to the image. */
export interface ProgramRequest {
  /** With an image: a program of it that replaces its entry point. */
  program?: string | undefined
  /** Replace the image's arguments, if not empty, or its command where it has no entry point. */
  args: readonly string[]
  /** Added to the image's. */
  env: Readonly<Record<string, string>>
  cwd?: string | undefined
}

/** @param own every guest's environment, which the others override. @throws HvError BAD_ARGUMENT when there is nothing to run */
export function guestProgram(
  wanted: ProgramRequest,
  config: ImageConfig | undefined,
  own: Readonly<Record<string, string>>,
): GuestProgram {
  const {entrypoint, command, cwd} = config ?? {entrypoint: [], command: [], cwd: undefined}
  const words =
    wanted.program === undefined
      ? [...entrypoint, ...(wanted.args.length > 0 ? wanted.args : command)]
      : [wanted.program, ...wanted.args]
  const [program, ...args] = words
  if (config !== undefined && (program === undefined || program === ''))
    throw new HvError('BAD_ARGUMENT', 'the image does not say what to run', 'name a program of it')
  return {program, args, env: {...own, ...config?.env, ...wanted.env}, cwd: wanted.cwd ?? cwd}
}

/** The program of `hv run`. @throws HvError BAD_ARGUMENT */
export function programOfRun(
  {program, args, env, cwd, image, entrypoint, givenEnv = {}}: RunOptions,
  config: ImageConfig | undefined,
): GuestProgram {
  const named = image === undefined ? program : entrypoint
  return guestProgram({program: named, args, env: givenEnv, cwd}, config, env)
}
