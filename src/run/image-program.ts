// imageProgram: what runs of an image: its entry point, or a program of it; with what the image says of its environment.

import {HvError} from '../errors.ts'
import type {ImageConfig} from '../image/open-image.ts'

/** What the user asks for, besides the image. */
export interface Wanted {
  /** A program of the image, in place of its entry point. */
  program?: string | undefined
  /** In place of the image's arguments, if there are any, or of its command where it has no entry point. */
  args: readonly string[]
  /** On top of the image's. */
  env: Readonly<Record<string, string>>
  cwd?: string | undefined
}

export interface ImageProgram {
  program: string
  args: string[]
  env: Record<string, string>
  cwd: string
}

/** @param own what every guest has, below all. @throws HvError BAD_ARGUMENT: there is nothing to run */
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
