// The stages of a test run, in order: a stage may use what the ones above it built.
//
// A stage is `{name, what, packages?, better?, kvm?, run}`; `run({timeoutMs})` gets its budget from budgets.mjs, and returns checks
// `{name, status, detail?, count?}` with status `passed`, `failed` or `skipped`. A stage whose packages are missing is skipped by
// name, and so is one with `kvm` where there is no KVM. Without those in `better`, the stage skips some checks.

import {buildGuests, buildNative, buildTypeScript, prebuild} from './stages/build.mjs'
import {lint} from './stages/lint.mjs'
import {vitest} from './stages/vitest.mjs'

const compiler = ['g++', 'make', 'python3']
const prebuildTools = [...compiler, 'binutils', 'g++-aarch64-linux-gnu', 'g++-x86-64-linux-gnu']

export const stages = [
  {name: 'ts', what: 'dist/, by tsc and rolldown, and oclif.manifest.json', run: buildTypeScript},
  // After ts: tests of the package import its types from dist/.
  {name: 'lint', what: 'biome, clang-format, types', better: ['clang-format-19'], run: lint},
  {name: 'native', what: 'the addon, by node-gyp', packages: compiler, better: ['ccache'], run: buildNative},
  {
    name: 'guests',
    what: 'guest programs, by guests/build.sh',
    packages: ['gcc', 'libc6-dev'],
    better: ['ccache', 'g++-aarch64-linux-gnu', 'musl-tools', 'liblua5.4-dev', 'libsqlite3-dev'],
    run: buildGuests,
  },
  {
    name: 'unit',
    what: 'test/unit',
    packages: compiler,
    better: ['gcc', 'libc6-dev', 'busybox-static', 'xz-utils', 'zstd'],
    run: (budget) => vitest('unit', budget),
  },
  {
    name: 'fuzz',
    what: 'test/fuzz: mutated programs',
    packages: [...compiler, 'busybox-static'],
    run: (budget) => vitest('fuzz', budget),
  },
  {
    name: 'linux',
    what: 'test/guests: every guest, natively and under hv',
    kvm: true,
    packages: compiler,
    run: (budget) => vitest('guests', budget),
  },
  {
    name: 'programs',
    what: "test/programs: the core of Debian's programs, natively and under hv",
    kvm: true,
    packages: [...compiler, 'gcc', 'libc6-dev', 'git', 'busybox-static', 'xz-utils', 'perl'],
    run: (budget) => vitest('programs', budget),
  },
  {
    name: 'cli',
    what: 'test/cli: the commands, and bad input',
    packages: [...compiler, 'gcc', 'libc6-dev', 'gdb-multiarch'],
    run: (budget) => vitest('cli', budget),
  },
  {
    name: 'sandbox',
    what: 'test/sandbox: Sandbox, as an embedder uses it',
    kvm: true,
    packages: [...compiler, 'libseccomp2', 'debian-archive-keyring'],
    run: (budget) => vitest('sandbox', budget),
  },
  {
    name: 'prebuild',
    what: 'the shipped binaries, their glibc floor and hardening',
    packages: prebuildTools,
    better: ['ccache'],
    run: prebuild,
  },
  {
    name: 'package',
    what: 'test/package: the tarball, installed without a compiler',
    packages: prebuildTools,
    run: (budget) => vitest('package', budget),
  },
  {
    name: 'bed',
    what: 'test/bed: guests and unit tests in the SVM bed and in arm64 beds, VHE and nVHE',
    packages: [
      ...['qemu-system-x86', 'qemu-system-arm', 'debian-archive-keyring'],
      ...['cpio', 'squashfs-tools', 'kmod', 'xz-utils', 'zstd', 'gdb-multiarch'],
    ],
    run: (budget) => vitest('bed', budget),
  },
]
