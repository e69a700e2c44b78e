{
  "targets": [
    {
      "target_name": "hv",
      "sources": [
        "addon.cc",
        "kvm/exit.cc",
        "kvm/page_table.cc",
        "kvm/runner.cc",
        "kvm/system.cc",
        "kvm/user_vm.cc",
        "kvm/vcpu.cc",
        "kvm/vcpu_thread.cc",
        "kvm/vm.cc",
        "napi/check.cc",
        "napi/clock.cc",
        "napi/host_fs.cc",
        "napi/host_names.cc",
        "napi/host_signals.cc",
        "napi/host_stream.cc",
        "napi/user_vm.cc",
        "napi/vdso.cc",
        "napi/vm.cc",
        "napi/watcher.cc",
        "sys/clock_sample.cc",
        "sys/glibc_floor.cc",
        "sys/watcher.cc",
      ],
      "conditions": [
        ["target_arch=='x64'", {
          "sources": [
            "arch/x86_64/boot.cc",
            "arch/x86_64/page_entry.cc",
            "arch/x86_64/pvm.cc",
            "arch/x86_64/regs.cc",
            "arch/x86_64/trap.cc",
            "arch/x86_64/vm_regs.cc",
            "shim/x86_64/entry.S",
            "shim/x86_64/pvm.S",
          ],
        }],
        ["target_arch=='arm64'", {
          "sources": [
            "arch/arm64/boot.cc",
            "arch/arm64/page_entry.cc",
            "arch/arm64/regs.cc",
            "arch/arm64/trap.cc",
            "arch/arm64/vm_regs.cc",
            "shim/arm64/entry.S",
          ],
        }],
      ],
      "actions": [
        {
          "action_name": "vdso",
          "inputs": [
            "shim/vdso/build_vdso.sh",
            "shim/vdso/vdso.c",
            "shim/vdso/vdso.lds",
            "shim/vdso/x86_64/arch.h",
            "shim/vdso/arm64/arch.h",
            "shim/vdso/arm64/sigreturn.S",
            "shim/vvar.h",
          ],
          "outputs": ["<(SHARED_INTERMEDIATE_DIR)/vdso_image.h"],
          "action": ["sh", "shim/vdso/build_vdso.sh", "<(SHARED_INTERMEDIATE_DIR)/vdso_image.h"],
        },
      ],
      "include_dirs": ["<(SHARED_INTERMEDIATE_DIR)"],
      # -isystem: node-addon-api is not ours to warn about.
      "cflags_cc": [
        "-std=c++20", "-fexceptions", "-Wall", "-Wextra", "-Wshadow", "-fvisibility=hidden",
        "-isystem", "<!(node -p \"require('path').resolve(require('node-addon-api').include_dir)\")",
      ],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17"],
      # -iquote, not -I: <sys/ioctl.h> is libc's, "sys/ioctl.h" is ours.
      "cflags": ["-iquote", "<(module_root_dir)"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "_GNU_SOURCE"],
      # One binary for every distribution: nothing but libc is needed at run time.
      "ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-Wl,-z,noexecstack"],
    },
  ],
}
