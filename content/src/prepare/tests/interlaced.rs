//! Pictures of two halves, as discs and television have them: every other line is a sixtieth of a second later, so that
//! whatever moves has a comb for an edge until the halves are joined.

use super::*;

/// Four seconds in which everything moves, sixty pictures a second.
const MOVING: &str = "testsrc2=size=720x480:rate=60000/1001:duration=4,scroll=h=0.01";

/// The moving picture and a tone, taken in halves and encoded with these options.
fn in_halves(samples: &Samples, name: &str, options: &str) -> PathBuf {
    let tone = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=4";
    let halves = "-vf tinterlace=interleave_top,setfield=tff -flags +ilme+ildct";
    samples.ffmpeg(&format!("-f lavfi -i {MOVING} {tone} {halves} {options}"), name)
}

/// How many pictures of a film have combs.
fn combed(film: &Path) -> u32 {
    let words = ["-an", "-vf", "idet", "-f", "null", "-"];
    let judged =
        Command::new("ffmpeg").args(["-hide_banner", "-nostdin", "-i"]).arg(film).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    // "Multi frame detection: TFF: 120 BFF: 0 Progressive: ..."
    let (_, counts) = said.rsplit_once("Multi frame detection:").unwrap();
    let counts: Vec<&str> = counts.split_whitespace().collect();
    counts[1].parse::<u32>().unwrap() + counts[3].parse::<u32>().unwrap()
}

/// How like a picture is to the first moment of what moves (SSIM: 1 is the same).
fn likeness(picture: &Path, made: &Made) -> f64 {
    let (width, height) = (made.width.unwrap(), made.height.unwrap());
    let compare = format!("[0:v]format=yuv420p[a];[1:v]scale={width}:{height}:flags=area,format=yuv420p[b];[a][b]ssim");
    let compared = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-i"])
        .arg(picture)
        .args(["-f", "lavfi", "-i", MOVING, "-filter_complex", &compare, "-frames:v", "1", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&compared.stderr).into_owned();
    let told = said.rsplit("All:").next().and_then(|rest| rest.split(' ').next()?.parse().ok());
    told.unwrap_or_else(|| unreachable!("{said}"))
}

#[tokio::test]
async fn the_halves_of_a_disc_are_joined_in_everything_that_is_made_of_it() {
    let samples = Samples::new().await;
    let disc = in_halves(&samples, "disc.mpg", "-c:v mpeg2video -q:v 2 -c:a mp2 -f dvd");
    assert!(combed(&disc) > 100, "the disc has no combs: the test proves nothing");
    let source = Source::read(&disc, "disc.mpg", Some(&samples.tools)).await.unwrap();
    let prepared = async |kind: RenditionKind| {
        let out = samples.path(kind.as_str());
        let outcome = make(kind, &source, &out, Some(&samples.tools), &Progress::default()).await.unwrap();
        let Outcome::Made(made) = outcome else { unreachable!("{kind}: {outcome:?}") };
        (out, made)
    };
    // Both have as many lines as the disc, so a comb that was left would still be one.
    for kind in [RenditionKind::Playable, RenditionKind::Video480] {
        let (film, made) = prepared(kind).await;
        assert_eq!((made.height, combed(&film)), (Some(480), 0), "{kind}");
    }
    // With combs they are like it by 0.86 and 0.88, without by 0.98.
    for kind in RenditionKind::PICTURES {
        let (picture, made) = prepared(kind).await;
        let alike = likeness(&picture, &made);
        assert!(alike > 0.93, "{kind}: {alike}");
    }
}

#[tokio::test]
async fn halves_in_a_codec_that_browsers_know_are_joined_too_instead_of_copied() {
    let samples = Samples::new().await;
    for (name, container) in [
        ("camera.ts", "-f mpegts"),
        ("camera.mkv", ""),
        ("pieces.mp4", "-movflags frag_keyframe+empty_moov"),
        ("fast.mp4", "-movflags +faststart"),
    ] {
        let h264 = format!("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac {container}");
        let path = in_halves(&samples, name, &h264);
        let source = Source::read(&path, name, Some(&samples.tools)).await.unwrap();
        assert_eq!(playable::need(&source).unwrap(), playable::Need::Convert, "{name}");
    }
    let Ok(Outcome::Made(_)) = samples.prepare(&samples.path("camera.ts")).await else { unreachable!() };
    assert_eq!(combed(&samples.path("out")), 0);
}
