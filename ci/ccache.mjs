// Compilers that keep their objects, where Debian's ccache is installed: a clone takes what another one has compiled.

import {existsSync} from 'node:fs'
import {root} from './paths.mjs'

/** Debian's folder of links to ccache(1), each named as a compiler. */
const FOLDER = '/usr/lib/ccache'

/** An environment in which programs find those compilers first. Paths in this checkout do not count when objects are compared. */
export const withCcache = (env) => ({
  ...env,
  PATH: `${FOLDER}:${env.PATH}`,
  CCACHE_BASEDIR: root,
  CCACHE_NOHASHDIR: 'true',
})

/** @returns {string} how to start `compiler`, also where prebuildify has put the folder of node before others in PATH */
export const throughCcache = (compiler) =>
  existsSync(`${FOLDER}/${compiler}`) ? `${FOLDER}/${compiler}` : compiler
