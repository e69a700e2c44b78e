// What hv has in place of those flags of `docker run` that it does not have: https://docs.docker.com/reference/cli/docker/container/run/

const NO_NETWORK = 'leave it out: `--allow-net` lets a guest out, and `--publish` lets others in'
const OWN_RIGHTS =
  "leave it out: the guest's root has all rights in the guest, and `--require-jail` is about hv's own process"

/** The flag with the same meaning. */
export const INSTEAD: Readonly<Record<string, string>> = {
  '--workdir': '--cwd',
  '--pids-limit': '--pids',
}

/** The next step, where no flag has that meaning. */
export const ADVICE: Readonly<Record<string, string>> = {
  ...of(['--expose', '--network', '--dns', '--add-host'], NO_NETWORK),
  ...of(['-P', '--publish-all'], 'give `--publish HOSTPORT:GUESTPORT` for each port'),
  ...of(['--privileged', '--cap-add', '--cap-drop', '--security-opt', '--userns'], OWN_RIGHTS),
  ...of(['-d', '--detach'], 'hv stays in the foreground: let the shell start it behind, by `&`'),
  ...of(['--mount'], 'give `--volume HOST:GUEST[:ro|rw]`, or `--tmpfs PATH`'),
  ...of(['--name', '-l', '--label'], 'leave it out: hv keeps no list of guests'),
  ...of(['--init'], 'leave it out: a guest has a first process that waits for orphans'),
  ...of(['--restart'], 'leave it out: systemd, or a loop of the shell, starts a program again'),
  ...of(['--pull'], 'leave it out: hv fetches no images; `--image` names a folder or a file'),
  ...of(['--device', '--gpus'], 'leave it out: a guest sees no devices of the host'),
  ...of(['--shm-size', '--memory-swap'], 'leave it out: `--memory` and `--disk` are the limits'),
  ...of(['--ulimit'], 'for nofile give `--open-files N`; the other limits are set in the guest, by `ulimit`'),
}

function of(flags: readonly string[], advice: string): Record<string, string> {
  return Object.fromEntries(flags.map((flag) => [flag, advice]))
}
