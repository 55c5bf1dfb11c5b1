#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA BUILDDIR [--record] [--oracle all|short|none] [--skip-long] [--only NAME] [--accel ARGS]
       [--programs FOLDER] [--jobs N]

Builds the bare-metal programs of this folder for each target, runs them, and compares each
line (an instruction and the digest of its results) with the recorded expectations and, where
Debian's QEMU is installed, with what it prints for the same program. TAP on stdout.
--record writes the expectations anew from what QEMU prints. --programs: where they are built (BUILDDIR); several
runs may share them.
"""
import argparse, concurrent.futures, os, re, shutil, subprocess, sys

here = os.path.dirname(os.path.realpath(__file__))
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument('valletta'); ap.add_argument('builddir')
ap.add_argument('--oracle', choices=['all', 'short', 'none'], default='short')
ap.add_argument('--skip-long', action='store_true')
ap.add_argument('--timeout', type=int, default=300); ap.add_argument('--record', action='store_true'); ap.add_argument('--only', default='')
ap.add_argument('--programs'); ap.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
ap.add_argument('--accel', default='tcg,ir-verify=on')
o = ap.parse_args()

programs = o.programs or o.builddir

O32 = ['-mabi=32', '-march=mips32r2', '-Wl,--defsym=BASE=0x80100000']
N64 = ['-mabi=64', '-march=mips64r2', '-msym32', '-Wl,--defsym=BASE=0xffffffff80100000']
TARGETS = {      # name: compiler, byte order, flags, oracle, CPU
    'le32': ('mipsel-linux-gnu-gcc', '-EL', O32, 'qemu-system-mipsel', '24Kf'),
    'be32': ('mips-linux-gnu-gcc', '-EB', O32, 'qemu-system-mips', '24Kf'),
    'le64': ('mips64el-linux-gnuabi64-gcc', '-EL', N64, 'qemu-system-mips64el', 'MIPS64R2-generic'),
    'be64': ('mips64-linux-gnuabi64-gcc', '-EB', N64, 'qemu-system-mips64', 'MIPS64R2-generic'),
}
ALL = list(TARGETS)
FR0, FR1 = ['-mfp32'], ['-mfp64', '-DFR1']
PROGRAMS = {     # source: variants of (suffix, targets, extra flags for 32-bit targets)
    'arith': [('', ALL, FR0)], 'muldiv': [('', ALL, FR0)], 'memory': [('', ALL, FR0)], 'branch': [('', ALL, FR0)],
    'trap': [('', ALL, FR0)], 'system': [('', ALL, FR0)], 'tlb': [('', ALL, FR0)],
    'fpu': [('', ALL, FR1), ('-fr0', ['le32', 'be32'], FR0)],
    'fpumove': [('', ALL, FR1), ('-fr0', ['le32', 'be32'], FR0)],
    'ps': [('', ['le64', 'be64'], [])],
    'r5': [('', ['le32', 'be32'], FR0)],
    'useg': [('', ['le32', 'be32'], FR0 + ['-Wl,--defsym=BASE=0x40100000'])],
}
CPUS = {'r5': 'P5600'}
# A million operands for each FPU operation on one target, fewer on the others.
DEFINES = {'fpu.le32': ['-DCOUNT=1000000'], 'fpu.be64': ['-DCOUNT=100000']}
# Minutes under the oracle: compared with the record that it made, and anew with --oracle=all.
LONG = ['fpu.le32']

# Where the oracle is known to be wrong; the record holds what the manual says.
ORACLE_WRONG = {
    'BREAK_IN_SLOT': 'QEMU forgets BD and the branch (MD00090: EPC is the branch)',
    'COP2': 'QEMU raises RI where CU2 = 0 asks for CpU 2',
    'RDPGPR': 'QEMU reads a stale copy of the register when there is only set 0',
}

def is_new(out):
    """Whether a program that another run has built is newer than all that it is made of."""
    sources = [os.path.join(folder, f) for folder in (here, os.path.join(here, 'lib')) for f in os.listdir(folder)]
    return os.path.exists(out) and os.path.getmtime(out) > max(os.path.getmtime(f) for f in sources if os.path.isfile(f))

def build(name, target, flags, defines, out):
    if is_new(out):
        return None
    cc, order, arch, _, _ = TARGETS[target]
    sources = [os.path.join(here, f) for f in ('lib/start.S', 'lib/lib.c', name + '.c')]
    extra = flags if target.endswith('32') else []
    cmd = [cc, order, *arch, *extra, *defines, '-O1', '-G0', '-mno-abicalls', '-fno-pic', '-static', '-no-pie', '-ffreestanding',
           '-nostdlib', '-fno-stack-protector', '-Wall', '-Werror', '-Wl,-N', '-Wl,--build-id=none', '-Wl,-z,noexecstack',
           '-Wl,-T,' + os.path.join(here, 'lib/isa.ld'), '-I', os.path.join(here, 'lib'), *sources, '-o', '%s.%d' % (out, os.getpid())]
    p = subprocess.run(cmd, capture_output=True, text=True)
    if p.returncode == 0:
        os.rename('%s.%d' % (out, os.getpid()), out)        # whole, for those that build it at the same time
    return None if p.returncode == 0 else p.stderr

def run(emulator, cpu, elf, extra):
    cmd = [emulator, '-M', 'malta', '-cpu', cpu, '-m', '128', '-kernel', elf, '-nographic', '-monitor', 'none', '-serial',
           'stdio', '-no-reboot', '-net', 'none', '-vga', 'none', *extra]
    try:
        p = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, timeout=o.timeout)
    except subprocess.TimeoutExpired as e:
        return (e.stdout or b'').decode('latin1') + '\nTIMEOUT\n'
    text = p.stdout.decode('latin1').replace('\r', '')
    return text + ('' if p.returncode == 0 else '\nEXIT %d %s\n' % (p.returncode, p.stderr.decode('latin1')))

def differences(a, b, who):
    """Lines of a that b has otherwise, as diagnostics."""
    left, right = dict(l.split(' ', 1) for l in a.splitlines() if ' ' in l), dict(l.split(' ', 1) for l in b.splitlines() if ' ' in l)
    if not left:
        return ['no output: ' + a[:200]]
    skip = ORACLE_WRONG if who == 'QEMU' else {}
    names = [n for n in list(left) + [m for m in right if m not in left] if n not in skip and left.get(n) != right.get(n)]
    return ['%s: %s, %s says %s' % (n, left.get(n, 'missing'), who, right.get(n, 'missing')) for n in names]

coverage = os.path.join(o.builddir, 'isa-coverage')
os.makedirs(o.builddir, exist_ok=True)
os.makedirs(programs, exist_ok=True)
os.makedirs(os.path.join(here, 'expected'), exist_ok=True)

def job(name, suffix, target, flags):
    label = '%s%s.%s' % (name, suffix, target)
    cc, _, _, oracle, cpu = TARGETS[target]
    if not shutil.which(cc):
        return label, 'skip', ['no ' + cc]
    elf = os.path.join(programs, label + '.elf')
    cpu = CPUS.get(name, cpu)
    problem = build(name, target, flags, DEFINES.get(label, []), elf)
    if problem:
        return label, 'fail', problem.splitlines()[:20]
    ours = run(o.valletta, cpu, elf, ['-accel', o.accel + ',insn-coverage=%s.%s' % (coverage, label)])
    expected = os.path.join(here, 'expected', label)
    notes = []
    if shutil.which(oracle) and (o.record or o.oracle == 'all' or (o.oracle == 'short' and label not in LONG)):
        theirs = run(oracle, cpu, elf, [])
        if o.record:
            own = dict(l.split(' ', 1) for l in ours.splitlines() if ' ' in l)
            with open(expected, 'w') as f:
                for l in theirs.splitlines():
                    n = l.split(' ', 1)[0]
                    f.write('%s %s\n' % (n, own[n]) if n in ORACLE_WRONG and n in own else l + '\n')
        notes += differences(ours, theirs, 'QEMU')
    if not os.path.exists(expected):
        notes.append('no recorded expectations')
    else:
        notes += differences(ours, open(expected).read(), 'the record')
    notes += [l for l in ours.splitlines() if 'UNEXPECTED' in l or 'TIMEOUT' in l or l.startswith('EXIT')]
    return label, 'fail' if notes else 'ok', notes

jobs = [(n, s, t, f) for n, variants in PROGRAMS.items() for s, targets, f in variants for t in targets
        if not (o.skip_long and n + s + '.' + t in LONG) and re.search(o.only, n + s + '.' + t) and os.path.exists(os.path.join(here, n + '.c'))]
print('1..%d' % (len(jobs) + 1))
failed = 0
with concurrent.futures.ThreadPoolExecutor(max_workers=o.jobs) as pool:
    for k, (label, result, notes) in enumerate(pool.map(lambda j: job(*j), jobs)):
        for n in notes[:40]:
            print('#   ' + n)
        print('%s %d - isa/%s%s' % ('not ok' if result == 'fail' else 'ok', k + 1, label,
                                    ' # SKIP ' + '; '.join(notes) if result == 'skip' else ''), flush=True)
        failed += result == 'fail'

lines, seen = set(), set()
for f in os.listdir(o.builddir):
    if f.startswith('isa-coverage.'):
        for l in open(os.path.join(o.builddir, f)):
            state, name = l.split()
            lines.add(name)
            if state == 'yes':
                seen.add(name)
missing = sorted(lines - seen)
print('# coverage: %d of %d instruction lines were executed%s' % (len(seen), len(lines), '; not: ' + ' '.join(missing) if missing else ''))
complete = not missing and lines or o.only
print('%s %d - isa/coverage%s' % ('ok' if complete else 'not ok', len(jobs) + 1, ' # SKIP a part only' if o.only else ''))
sys.exit(1 if failed or not complete else 0)
