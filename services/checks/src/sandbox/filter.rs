//! The seccomp filter: system calls that no check needs and that reach outside the sandbox.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Flags of `clone` that make namespaces.
const CLONE_NEW: libc::c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// Refused whatever the arguments.
const REFUSED: &[libc::c_long] = &[
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Mounts, roots and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Ways around a filter, and large attack surface.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    // Memory that belongs to no process, so that no bound counts it.
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_shmget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    // The machine.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_syslog,
    libc::SYS_vhangup,
];

/// Why the filter could not be put up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("building the seccomp filter")]
    Build(#[from] seccompiler::BackendError),
    #[error("installing the seccomp filter")]
    Install(#[from] seccompiler::Error),
}

/// Puts the filter on the calling thread and all it starts.
pub(crate) fn apply() -> Result<(), Error> {
    seccompiler::apply_filter(&program(absent(), libc::ENOSYS)?)?;
    seccompiler::apply_filter(&program(refused()?, libc::EPERM)?)?;
    Ok(())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn program(rules: Rules, errno: libc::c_int) -> Result<BpfProgram, seccompiler::BackendError> {
    let action = SeccompAction::Errno(errno.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, action, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// `clone3` hides its flags behind a pointer, which a filter cannot follow. Told that it does not exist, the C library
/// falls back to `clone`.
fn absent() -> Rules {
    with_x32([(libc::SYS_clone3, Vec::new())])
}

fn refused() -> Result<Rules, seccompiler::BackendError> {
    let unconditional = REFUSED.iter().map(|call| (*call, Vec::new()));
    let conditional = [
        (libc::SYS_socket, vec![unless(0, libc::AF_UNIX)?]),
        (libc::SYS_clone, vec_of_namespace_flags()?),
        // Characters pushed into the terminal that the service was started from.
        (libc::SYS_ioctl, vec![when(1, libc::TIOCSTI)?, when(1, libc::TIOCLINUX)?]),
    ];
    Ok(with_x32(unconditional.chain(conditional)))
}

fn vec_of_namespace_flags() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let bits = (0..32).map(|bit| 1_u64 << bit).filter(|bit| bit & u64::from(CLONE_NEW.cast_unsigned()) != 0);
    bits.map(|bit| condition(0, SeccompCmpOp::MaskedEq(bit), bit)).collect()
}

fn when(argument: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn unless(argument: u8, value: libc::c_int) -> Result<SeccompRule, seccompiler::BackendError> {
    condition(argument, SeccompCmpOp::Ne, u64::from(value.unsigned_abs()))
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}

/// On x86-64 the same calls can be had under other numbers, the x32 ones, when the kernel was built so.
fn with_x32(rules: impl IntoIterator<Item = (libc::c_long, Vec<SeccompRule>)>) -> Rules {
    const X32: i64 = 0x4000_0000;
    let mut all = Rules::new();
    for (call, rules) in rules {
        if cfg!(target_arch = "x86_64") {
            all.insert(call | X32, rules.clone());
        }
        all.insert(call, rules);
    }
    if cfg!(target_arch = "x86_64") && all.contains_key(&libc::SYS_ptrace) {
        // Calls that x32 numbers anew: ioctl, ptrace, process_vm_readv, process_vm_writev, mq_open's kin are shared.
        for number in [514, 521, 539, 540] {
            all.insert(number | X32, Vec::new());
        }
    }
    all
}
