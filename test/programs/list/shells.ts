// Shells: bash, dash and busybox's, and what they do with processes.

import {bash, type Program, script} from '../program.ts'

export const shells: readonly Program[] = [
  bash('runs pipelines', script('pipelines.bash'), {core: true}),
  bash('redirects, with here-documents and process substitution', script('redirections.bash'), {core: true}),
  bash('waits for jobs', script('jobs.bash'), {core: true}),
  bash('traps signals', script('traps.bash'), {core: true}),
  bash('controls jobs without a terminal', script('job-control.bash')),
  bash('has its builtins', script('builtins.bash'), {core: true}),
  bash('runs 300 commands one after the other', 'for i in $(seq 300); do /bin/true; done; echo $i'),
  bash('keeps 100 processes at once', 'for i in $(seq 100); do sleep 1 & done; jobs -p | wc -l; wait'),
  {
    name: 'reads a script from its input',
    command: ['/bin/bash'],
    stdin: 'echo $((1+1))\nexit 6\n',
    core: true,
  },
  {
    name: 'is an interpreter of scripts',
    command: ['./script', 'x y'],
    core: true,
    needs: ['/bin/bash'],
    files: {script: '#!/bin/bash -e\necho "$0 $1"; false; echo not reached\n'},
  },
  {name: 'runs a script', command: ['/bin/dash', 'script'], files: {script: script('dash.sh')}, core: true},
  {
    name: 'runs a script',
    command: ['/bin/busybox', 'sh', 'script'],
    core: true,
    files: {script: script('busybox.sh'), words: 'a b c d e\n'},
  },
  bash(
    'finds that a command is missing, not executable, or garbage',
    'nosuch; echo $?; ./plain; echo $?; ./garbage; echo $?; /; echo $?',
    {files: {plain: 'x', garbage: '#!/no/such/interpreter\n'}},
  ),
]
