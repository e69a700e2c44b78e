# fork, wait, pipes, signals, exec.
use strict; use POSIX ":sys_wait_h"; $| = 1;
my @pids; for my $n (1..5) { my $p = fork; if (!$p) { exit $n } push @pids, $p }
for (@pids) { waitpid $_, 0; print $? >> 8, "\n" }
pipe(my $r, my $w); if (!fork) { close $r; print $w "line $_\n" for 1..1000; exit } close $w; my @l = <$r>; print scalar(@l), " $l[-1]"; wait;
open(my $in, "-|", "seq 5") or die; print map { $_ * 2 . "\n" } <$in>; close $in; print "close $?\n";
open(my $out, "|-", "sort -rn") or die; print $out "$_\n" for 1..3; close $out;
my $text = qx(echo from a shell); print $text; print system("sh", "-c", "exit 3") >> 8, "\n";
$SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$; $SIG{CHLD} = sub { 1 while waitpid(-1, WNOHANG) > 0; print "child\n" };
my $pid = fork; if (!$pid) { exit } sleep 1 while kill 0, $pid; $SIG{CHLD} = "DEFAULT";
eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select undef, undef, undef, 10; }; print $@;
exec "echo", "exec";
