// imageProgram: the program that an image runs: its entry point, or another of its programs; with the image's environment.

import {HvError} from '../errors.ts'
import type {ImageConfig} from '../image/open-image.ts'

/** What the user asks for, in addition to the image. */
export interface Wanted {
  /** A program of the image that replaces its entry point. */
  program?: string | undefined
  /** Replace the image's arguments, if not empty, or its command where it has no entry point. */
  args: readonly string[]
  /** Added to the image's. */
  env: Readonly<Record<string, string>>
  cwd?: string | undefined
}

export interface ImageProgram {
  program: string
  args: string[]
  env: Record<string, string>
  cwd: string
}

/** @param own every guest's environment, which the others override. @throws HvError BAD_ARGUMENT when there is nothing to run */
export function imageProgram(
  {entrypoint, command, env, cwd}: ImageConfig,
  wanted: Wanted,
  own: Readonly<Record<string, string>>,
): ImageProgram {
  const words =
    wanted.program === undefined
      ? [...entrypoint, ...(wanted.args.length > 0 ? wanted.args : command)]
      : [wanted.program, ...wanted.args]
  const [program, ...args] = words
  if (program === undefined || program === '') {
    throw new HvError('BAD_ARGUMENT', 'the image does not say what to run', 'name a program of it')
  }
  return {program, args, env: {...own, ...env, ...wanted.env}, cwd: wanted.cwd ?? cwd}
}
