//! Whether a book lies on a file system whose locks hold: the type from `/proc/self/mountinfo`
//! against the local ones known here. Magic numbers of `statfs` would not do: half of the network
//! file systems have none of their own, and every FUSE one has the same.

use super::{StoreError, side_directory};
pub use crate::inside::INSIST;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// File systems of one machine, whose POSIX locks, shared memory maps and fsync do what they say.
/// What is not here is refused, so that a type nobody has heard of is a question and not a risk.
const LOCAL: &[&str] = &[
    "bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "nilfs2",
    "overlay", "reiserfs", "squashfs", "tmpfs", "udf", "xfs", "zfs",
];

/// Longer than any sane list of types.
const LONGEST_LIST: u64 = 4096;

/// One mounted file system, as a line of `mountinfo` tells it (`man 5 proc`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Major and minor number, as `st_dev` has them; btrfs and overlay may show others there.
    pub device: (u64, u64),
    /// Where it is mounted.
    pub point: PathBuf,
    /// `ext4`, `nfs4`, `fuse.sshfs`.
    pub kind: String,
}

/// What a place of the book lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filesystem {
    /// The type.
    pub kind: String,
    /// The file or directory that was looked at.
    pub place: PathBuf,
    /// What to think of it.
    pub standing: Standing,
}

/// What to think of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Known and local.
    Local,
    /// Neither, but an admin insists on it.
    Insisted,
    /// Neither.
    Refused,
}

/// Reads `mountinfo`; lines that are none are left out.
pub fn mounts(text: &[u8]) -> Vec<Mount> {
    text.split(|b| *b == b'\n').filter_map(mount).collect()
}

/// `36 35 98:0 /mnt1 /mnt/point rw,noatime master:1 - ext3 /dev/root rw,errors=continue`: the
/// optional fields before the lone dash vary in number.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|b| *b == b' ');
    let device = std::str::from_utf8(words.nth(2)?).ok()?;
    let (major, minor) = device.split_once(':')?;
    let point = unescaped(words.nth(1)?);
    let kind = words.skip_while(|w| *w != b"-").nth(1)?;
    Some(Mount {
        device: (major.parse().ok()?, minor.parse().ok()?),
        point: PathBuf::from(OsString::from_vec(point)),
        kind: String::from_utf8_lossy(&unescaped(kind)).into_owned(),
    })
}

/// Blanks, tabs, line ends and backslashes are written as three octal digits.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(word.len()), word);
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let code = digits.and_then(|d| std::str::from_utf8(d).ok());
        match code.and_then(|d| u8::from_str_radix(d, 8).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[3..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// The mount that a path without links lies on: the deepest mount point above it, the last mounted
/// of equal ones. A mount hidden by a later one above it has another device than the path, and is
/// passed over where any mount above has the path's own.
pub fn mount_of<'m>(mounts: &'m [Mount], path: &Path, device: (u64, u64)) -> Option<&'m Mount> {
    let deepest = |same: bool| {
        mounts
            .iter()
            .filter(|m| path.starts_with(&m.point) && (!same || m.device == device))
            .max_by_key(|m| m.point.components().count())
    };
    deepest(true).or_else(|| deepest(false))
}

/// Every place that a book's locks depend on: the file (which may be mounted alone), its directory
/// (the log lies there) and the side directory (the locks of jobs). Those that are not there yet
/// are left out.
pub fn of_book(book: &Path) -> Vec<Filesystem> {
    let parent = book.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where a book is to be made the directory may be missing: what it will lie in counts.
    let parent = parent.ancestors().find(|p| p.as_os_str().is_empty() || p.exists());
    let parent = parent.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let side = side_directory(book);
    let insisted = insisted(&side).unwrap_or_default();
    let places: Vec<(PathBuf, (u64, u64))> = [book, parent, &side]
        .into_iter()
        .filter_map(|place| {
            let real = place.canonicalize().ok()?;
            let device = real.metadata().ok()?.dev();
            Some((real, (nix::sys::stat::major(device), nix::sys::stat::minor(device))))
        })
        .collect();
    // Read after the places were touched, so that what is mounted at first use is there.
    let mounts = mounts(&std::fs::read("/proc/self/mountinfo").unwrap_or_default());
    places
        .into_iter()
        .map(|(place, device)| {
            let found = mount_of(&mounts, &place, device);
            let kind = found.map_or_else(|| "unknown".to_owned(), |m| m.kind.clone());
            let standing = if LOCAL.contains(&kind.as_str()) {
                Standing::Local
            } else if insisted.contains(&kind) {
                Standing::Insisted
            } else {
                Standing::Refused
            };
            Filesystem { kind, place, standing }
        })
        .collect()
}

/// Refuses a book of which some place lies on a file system that is neither known nor insisted on.
pub(super) fn refuse_foreign(book: &Path) -> Result<(), StoreError> {
    let Some(bad) = of_book(book).into_iter().find(|f| f.standing == Standing::Refused) else {
        return Ok(());
    };
    let insist = side_directory(book).join(INSIST);
    let unheeded = insisted(&side_directory(book)).err().unwrap_or_default();
    Err(StoreError::ForeignFilesystem { path: bad.place, kind: bad.kind, insist, unheeded })
}

/// The types an admin insists on: words of the file, `#` begins a remark. A file that others could
/// have written is not heeded; the error says why.
fn insisted(side: &Path) -> Result<Vec<String>, String> {
    let path = side.join(INSIST);
    let Ok(facts) = path.symlink_metadata() else { return Ok(Vec::new()) };
    let admin = side.parent().and_then(|p| p.metadata().ok()).map(|m| m.uid());
    let why = if !facts.is_file() || facts.len() > LONGEST_LIST {
        "it is not a small file"
    } else if facts.uid() != 0 && Some(facts.uid()) != admin {
        "it belongs neither to root nor to the owner of the book's directory"
    } else if facts.mode() & 0o022 != 0 {
        "others than its owner can write it"
    } else {
        let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().map(|l| l.split('#').next().unwrap_or_default());
        return Ok(lines.flat_map(str::split_whitespace).map(str::to_owned).collect());
    };
    Err(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(point: &str, kind: &str, source: &str) -> String {
        format!("36 35 0:41 / {point} rw,relatime shared:18 - {kind} {source} rw\n")
    }

    /// Lines as `/proc/self/mountinfo` of real machines has them, and whether a book may lie there.
    const REAL: &[(&str, &str, bool)] = &[
        (
            "25 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro",
            "ext4",
            true,
        ),
        ("31 1 8:1 / / rw - ext3 /dev/sda1 rw,data=ordered", "ext3", true),
        (
            "30 1 253:0 / / rw,relatime shared:1 - xfs /dev/mapper/rhel-root rw,attr2,inode64,noquota",
            "xfs",
            true,
        ),
        (
            "29 1 0:25 /@ / rw,relatime shared:1 - btrfs /dev/sda2 rw,ssd,subvolid=256,subvol=/@",
            "btrfs",
            true,
        ),
        (
            "40 1 0:30 / / rw,noatime shared:1 - zfs rpool/ROOT/ubuntu rw,xattr,posixacl",
            "zfs",
            true,
        ),
        ("29 1 8:18 / / rw,lazytime - f2fs /dev/sdb2 rw,background_gc=on", "f2fs", true),
        ("30 1 0:28 / / rw - bcachefs /dev/sda:/dev/sdb rw", "bcachefs", true),
        ("31 1 8:3 / / rw - jfs /dev/sda3 rw", "jfs", true),
        ("32 1 8:4 / / rw - reiserfs /dev/sda4 rw", "reiserfs", true),
        ("33 22 0:29 / / rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=3276800k", "tmpfs", true),
        (
            "520 455 0:50 / / rw,relatime master:152 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A:/b,upperdir=/c,workdir=/d",
            "overlay",
            true,
        ),
        ("45 1 7:3 / / ro,nodev,relatime shared:10 - squashfs /dev/loop3 ro", "squashfs", true),
        (
            "60 1 0:52 / / rw,relatime shared:70 - nfs nas:/export rw,vers=3,proto=tcp,local_lock=none",
            "nfs",
            false,
        ),
        (
            "61 1 0:53 / / rw,relatime shared:71 - nfs4 nas:/export rw,vers=4.2,sec=sys",
            "nfs4",
            false,
        ),
        (
            "62 1 0:54 / / rw,relatime shared:72 - cifs //nas/share rw,vers=3.1.1,uid=0",
            "cifs",
            false,
        ),
        ("63 1 0:55 / / rw,relatime shared:73 - smb3 //nas/share rw", "smb3", false),
        (
            "64 1 0:56 / / rw,nosuid,nodev shared:74 - fuse.sshfs me@host:/dir rw,user_id=1000",
            "fuse.sshfs",
            false,
        ),
        ("65 1 0:57 / / rw,noatime - 9p C:\\134 rw,aname=drvfs;path=C:\\134,trans=fd", "9p", false),
        ("66 1 0:58 / / rw,relatime - ceph 10.0.0.1:6789:/ rw,name=admin,acl", "ceph", false),
        ("67 1 0:59 / / rw,relatime - fuse.ceph-fuse ceph-fuse rw", "fuse.ceph-fuse", false),
        ("68 1 0:60 / / rw - glusterfs gv0 rw", "glusterfs", false),
        (
            "68 1 0:60 / / rw - fuse.glusterfs host:/gv0 rw,user_id=0,allow_other",
            "fuse.glusterfs",
            false,
        ),
        ("69 1 0:61 / / rw - afs AFS rw", "afs", false),
        ("70 1 0:62 / / rw - lustre 10.0.0.1@tcp:/fsname rw,flock", "lustre", false),
        ("71 1 0:63 / / rw - beegfs beegfs_nodev rw,cfgFile=/etc/beegfs/c.conf", "beegfs", false),
        ("72 1 0:64 / / rw - gpfs gpfs0 rw,relatime", "gpfs", false),
        ("73 1 8:33 / / rw - ocfs2 /dev/sdc1 rw,cluster_stack=o2cb", "ocfs2", false),
        ("74 1 253:7 / / rw - gfs2 /dev/dm-7 rw,localflocks", "gfs2", false),
        ("75 1 0:65 / / rw - vboxsf share rw,iocharset=utf8", "vboxsf", false),
        ("76 1 0:66 / / rw - fuse.vmhgfs-fuse vmhgfs-fuse rw", "fuse.vmhgfs-fuse", false),
        ("76 1 0:66 / / rw - vmhgfs .host:/ rw", "vmhgfs", false),
        ("77 1 0:67 / / rw - virtiofs shared rw", "virtiofs", false),
        ("78 1 0:68 / / rw - fuse.s3fs s3fs rw,user_id=0", "fuse.s3fs", false),
        ("79 1 0:69 / / rw - fuse.rclone remote: rw", "fuse.rclone", false),
        ("80 1 8:49 / / rw - fuseblk /dev/sdd1 rw,user_id=0", "fuseblk", false),
        ("81 1 8:65 / / rw - vfat /dev/sde1 rw,fmask=0022", "vfat", false),
        ("82 1 0:70 / / rw - orangefs tcp://host:3334/pvfs2-fs rw", "orangefs", false),
        ("83 1 0:71 / / rw - coda Coda rw", "coda", false),
        ("84 1 0:72 / / rw - ncpfs server/vol rw", "ncpfs", false),
        ("85 1 0:73 / / rw - davfs https://host/dav rw", "davfs", false),
        ("86 1 0:74 / / rw - prl_fs host rw", "prl_fs", false),
        ("87 1 0:75 / / rw - ramfs ramfs rw", "ramfs", false),
        (
            "88 1 0:76 / / rw shared:1 master:2 propagate_from:3 unbindable - a_type_of_tomorrow x rw",
            "a_type_of_tomorrow",
            false,
        ),
    ];

    #[test]
    fn local_types_are_known_and_every_other_one_is_refused() {
        for (text, kind, allowed) in REAL {
            let found = mounts(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].kind, *kind, "{text}");
            assert_eq!(LOCAL.contains(&found[0].kind.as_str()), *allowed, "{text}");
        }
        assert!(
            mounts(b"nonsense\n1 2 3\n36 35 a:b / /x rw - ext4 d rw\n36 35 8:1 / /x rw\n")
                .is_empty()
        );
    }

    #[test]
    fn the_deepest_mount_counts_the_last_of_equal_ones_and_never_a_hidden_one() {
        let text = [
            line("/", "ext4", "/dev/a"),
            line("/srv", "xfs", "/dev/b"),
            line("/srv/billing", "nfs4", "nas:/b"),
            line("/srv/billing", "btrfs", "/dev/c"),
            line("/srv/bill", "cifs", "//nas/x"),
            line("/my\\040disk\\011\\134", "fuse.sshfs", "h:/"),
            line("/auto", "autofs", "systemd-1"),
            line("/auto", "nfs", "nas:/a"),
        ]
        .concat();
        let all = mounts(text.as_bytes());
        let at = |path: &str| mount_of(&all, Path::new(path), (0, 41)).unwrap().kind.clone();
        assert_eq!(at("/home/book.db"), "ext4");
        assert_eq!(at("/srv/book.db"), "xfs");
        // Equal mount points: what was mounted last lies on top. A name is no prefix of another.
        assert_eq!(at("/srv/billing/book.db"), "btrfs");
        assert_eq!(at("/srv/bill"), "cifs");
        assert_eq!(at("/srv/bills"), "xfs");
        assert_eq!(at("/my disk\t\\/book.db"), "fuse.sshfs");
        assert_eq!(at("/auto/book.db"), "nfs");

        // /srv was mounted over after /srv/billing: the path is on the later one.
        let text = "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:50 / /srv/billing rw - nfs nas:/ rw\n\
                    3 1 8:2 / /srv rw - xfs /dev/b rw\n";
        let all = mounts(text.as_bytes());
        let at = |device| mount_of(&all, Path::new("/srv/billing/book.db"), device).unwrap();
        assert_eq!(at((8, 2)).kind, "xfs");
        assert_eq!(at((0, 50)).kind, "nfs");
        // A device that no line has (a subvolume): the deepest.
        assert_eq!(at((0, 99)).kind, "nfs");
        assert!(mount_of(&[], Path::new("/x"), (0, 1)).is_none());
    }

    #[test]
    fn a_list_that_others_could_have_written_is_not_heeded() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let side = dir.path().join("book.db.d");
        std::fs::create_dir(&side).unwrap();
        assert_eq!(insisted(&side), Ok(Vec::new()));
        let path = side.join(INSIST);
        std::fs::write(&path, "# the appliance locks\nnfs4 fuse.x # both\n").unwrap();
        let mode = |bits| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits));
        mode(0o644).unwrap();
        assert_eq!(insisted(&side).unwrap(), ["nfs4", "fuse.x"]);
        mode(0o664).unwrap();
        assert!(insisted(&side).unwrap_err().contains("write"));
        std::fs::rename(&path, side.join("other")).unwrap();
        std::os::unix::fs::symlink(side.join("other"), &path).unwrap();
        assert!(insisted(&side).is_err());
    }
}
