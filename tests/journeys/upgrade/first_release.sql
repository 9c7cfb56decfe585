-- Rows of every table of the first release; see ../upgrade.rs.

INSERT INTO "org_unit" ("id", "parent_id", "code", "name", "level", "path") VALUES
  (1, NULL, '450000', '桂岭市', 'city', '/1/'),
  (2, 1, '450100', '东江县', 'county', '/1/2/'),
  (3, 2, '450100001', '清水镇', 'township', '/1/2/3/'),
  (4, 3, '450100001200', '甲村', 'village', '/1/2/3/4/'),
  (5, 3, '450100001201', '乙村', 'village', '/1/2/3/5/'),
  (6, 1, '450200', '西山县', 'county', '/1/6/'),
  (7, 6, '450200001', '石门乡', 'township', '/1/6/7/'),
  (8, 7, '450200001200', '丙村', 'village', '/1/6/7/8/'),
  (9, 7, '450200001201', '丁村', 'village', '/1/6/7/9/');

INSERT INTO "person" ("id", "code", "name", "pinyin", "unit_id", "gender", "birth_year", "phone", "left_on", "created_at") VALUES
  (1, '04501000012000', '甲村韦大山', 'jia cun wei da shan', 4, NULL, 1978, NULL, NULL, 1796031452028),
  (2, '04501000012001', '甲村覃小梅', 'jia cun tan xiao mei', 4, NULL, 1978, NULL, NULL, 1796031452030),
  (3, '04501000012002', '甲村黄志强', 'jia cun huang zhi qiang', 4, NULL, 1978, NULL, NULL, 1796031452032),
  (4, '04501000012003', '甲村蒙秀英', 'jia cun meng xiu ying', 4, NULL, 1978, NULL, NULL, 1796031452034),
  (5, '04501000012010', '乙村韦大山', 'yi cun wei da shan', 5, NULL, 1978, NULL, NULL, 1796031452037),
  (6, '04501000012011', '乙村覃小梅', 'yi cun tan xiao mei', 5, NULL, 1978, NULL, NULL, 1796031452038),
  (7, '04501000012012', '乙村黄志强', 'yi cun huang zhi qiang', 5, NULL, 1978, NULL, NULL, 1796031452039),
  (8, '04501000012013', '乙村蒙秀英', 'yi cun meng xiu ying', 5, NULL, 1978, NULL, NULL, 1796031452041),
  (9, '04502000012000', '丙村韦大山', 'bing cun wei da shan', 8, NULL, 1978, NULL, NULL, 1796031452543),
  (10, '04502000012001', '丙村覃小梅', 'bing cun tan xiao mei', 8, NULL, 1978, NULL, NULL, 1796031452545),
  (11, '04502000012002', '丙村黄志强', 'bing cun huang zhi qiang', 8, NULL, 1978, NULL, NULL, 1796031452546),
  (12, '04502000012003', '丙村蒙秀英', 'bing cun meng xiu ying', 8, NULL, 1978, NULL, NULL, 1796031452547),
  (13, '04502000012010', '丁村韦大山', 'ding cun wei da shan', 9, NULL, 1978, NULL, NULL, 1796031452550),
  (14, '04502000012011', '丁村覃小梅', 'ding cun tan xiao mei', 9, NULL, 1978, NULL, NULL, 1796031452552),
  (15, '04502000012012', '丁村黄志强', 'ding cun huang zhi qiang', 9, NULL, 1978, NULL, NULL, 1796031452558),
  (16, '04502000012013', '丁村蒙秀英', 'ding cun meng xiu ying', 9, NULL, 1978, NULL, NULL, 1796031452566);

INSERT INTO "post" ("id", "person_id", "kind", "appointed_on", "ended_on") VALUES
  (1, 1, 'village_secretary', '2025-07-18', NULL),
  (2, 2, 'village_secretary', '2025-07-18', NULL),
  (3, 3, 'village_secretary', '2025-07-18', NULL),
  (4, 4, 'village_secretary', '2025-07-18', NULL),
  (5, 5, 'village_secretary', '2025-07-18', NULL),
  (6, 6, 'village_secretary', '2025-07-18', NULL),
  (7, 7, 'village_secretary', '2025-07-18', NULL),
  (8, 8, 'village_secretary', '2025-07-18', NULL),
  (9, 9, 'village_secretary', '2025-07-18', NULL),
  (10, 10, 'village_secretary', '2025-07-18', NULL),
  (11, 11, 'village_secretary', '2025-07-18', NULL),
  (12, 12, 'village_secretary', '2025-07-18', NULL),
  (13, 13, 'village_secretary', '2025-07-18', NULL),
  (14, 14, 'village_secretary', '2025-07-18', NULL),
  (15, 15, 'village_secretary', '2025-07-18', NULL),
  (16, 16, 'village_secretary', '2025-07-18', NULL);

INSERT INTO "account" ("id", "login", "password_hash", "person_id", "device_id", "must_change_password", "failed_count", "failed_at", "session_epoch", "disabled_at", "created_at") VALUES
  (1, 'cadre', '$argon2id$v=19$m=19456,t=2,p=1$56Sfu0eIFayStx58Yyb+FQ$1n/54X+t6l6QL/nDVrUXtbUtj75mGd7UFH+yb3qwLiY', 1, NULL, FALSE, 0, NULL, 0, NULL, 1796031452042),
  (2, 'site', '$argon2id$v=19$m=19456,t=2,p=1$DjEC2+4vxyogFxmoubc24g$abFUEZDuFbnWq1XXZWaEVmDwfR25YeKDE+7mc2zgt0A', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452143),
  (3, 'trainer', '$argon2id$v=19$m=19456,t=2,p=1$gocEIDONDIMWt1uf8tPaqQ$98EMpxNayuEPqGEgHCQO2F+hyo1NiPCR3r3wF2rgF7c', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452203),
  (4, 'reviewer', '$argon2id$v=19$m=19456,t=2,p=1$XxokYcdLJWDiM8yj6Z8YSw$D2y5UTR9ATMvR0Zt2ESyeMIIZm2xDjBV/vqQn7ysUPI', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452242),
  (5, 'expert', '$argon2id$v=19$m=19456,t=2,p=1$qyh2kCLCLvbxJHELHdw6Sw$7mdpfPsyyU6vzNWHW8Jo+ldyTmDjAYqwCJlPXPwBFuQ', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452307),
  (6, 'office', '$argon2id$v=19$m=19456,t=2,p=1$MMJJ2QdOsWtHSFh3OhDMQA$knRrEdsHNWof+mFv392RgblXOUBLUPiTvAJC7Y4i/zU', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452360),
  (7, 'auditor', '$argon2id$v=19$m=19456,t=2,p=1$4GECqgWUkSNiBmcCcS1mXw$/+OWMSwR+4iQjwSKMqJOyGxJv4fIEbxdHINMztrI32U', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452418),
  (8, 'admin', '$argon2id$v=19$m=19456,t=2,p=1$RWHOROpnT8BFJEftn3K/cg$L/bHJLOwS9+Y6BA8iWfF9yxkhP1hHrMbwjmkuGJwHao', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452477),
  (9, 'cadre-b', '$argon2id$v=19$m=19456,t=2,p=1$Bm/w3CNhrnQnYeQIJzF+MQ$sk4sPL4vKvPDMRnQbJ/rvDtIMxhc4o7phkh+hpPzOGM', 9, NULL, FALSE, 0, NULL, 0, NULL, 1796031452573),
  (10, 'site-b', '$argon2id$v=19$m=19456,t=2,p=1$JZvXhip+F81FU6Pc/edpwg$H97lK+3+K7nxLkDv+M+9SjVoo8JobKnOMNMkubtvogU', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452644),
  (11, 'trainer-b', '$argon2id$v=19$m=19456,t=2,p=1$Zn9YIiNG9cSRTcZapihzVA$kadiy1eRC47qeHjRQGZcLlNtShtqRNKTJu6fNHpyy9g', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452716),
  (12, 'reviewer-b', '$argon2id$v=19$m=19456,t=2,p=1$1OL0X/6RPgm8fiBvUlVzxg$ZWfCKsO7HlXVLR2SPOL0bsPOpniBrIyiNDgOE3EZneQ', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452778),
  (13, 'expert-b', '$argon2id$v=19$m=19456,t=2,p=1$5pk6rLeS0j+4nIjBZ7CbWw$oC6+0zuqxJSGa1UWC2RiNQEkUHY0U1ENMsFaMlg/VRg', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452853),
  (14, 'office-b', '$argon2id$v=19$m=19456,t=2,p=1$F1LgkJY9O9PSyspev100cQ$iIfwjMRy9SKhl4FsUlAn/tWhm30TNVLDif/2zHoa62I', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452925),
  (15, 'auditor-b', '$argon2id$v=19$m=19456,t=2,p=1$GihcoG1E2qCrSLivSy6edQ$W/ODRY1UzgohGh4iBScNDyF7D1LruEEH4fmmgGBqtco', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031452976),
  (16, 'admin-b', '$argon2id$v=19$m=19456,t=2,p=1$7Q4XfaJvk27Ujv6LrGB/ww$Rb4Erk0QiPhK2eKbykx1WFIt1cE7jFLR13EnNrM6koQ', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031453049),
  (17, 'city-admin', '$argon2id$v=19$m=19456,t=2,p=1$tImMh14B/seckBdiZBZuIQ$by2QvstfcbDuet/CATeoVeUcWtKd5PS1XxhECeaNs94', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031453122),
  (18, 'city-reviewer', '$argon2id$v=19$m=19456,t=2,p=1$FA2ZovOlRHOpZU9G/Do2Vw$P6vS2+OwuUxMYv0EIbzaM14kgwmfia3E50pAENcEo+Q', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031453172),
  (19, 'city-office', '$argon2id$v=19$m=19456,t=2,p=1$EEr5pgEfXCABfpZxiwUonw$bJmF2JD5I8H6NY1TLk2VdNP7hQx6MKpeIRp9fWZjExo', NULL, NULL, FALSE, 0, NULL, 0, NULL, 1796031453242),
  (20, 'device:1', '', NULL, 1, FALSE, 0, NULL, 0, NULL, 1796031455128);

INSERT INTO "role_grant" ("id", "account_id", "role", "unit_id", "granted_at") VALUES
  (1, 1, 'learner', 4, 1796031452142),
  (2, 2, 'site_manager', 4, 1796031452201),
  (3, 3, 'trainer', 2, 1796031452241),
  (4, 4, 'reviewer', 2, 1796031452306),
  (5, 5, 'expert', 2, 1796031452359),
  (6, 6, 'assessor', 2, 1796031452417),
  (7, 7, 'auditor', 2, 1796031452476),
  (8, 8, 'admin', 2, 1796031452538),
  (9, 9, 'learner', 8, 1796031452643),
  (10, 10, 'site_manager', 8, 1796031452715),
  (11, 11, 'trainer', 6, 1796031452778),
  (12, 12, 'reviewer', 6, 1796031452852),
  (13, 13, 'expert', 6, 1796031452924),
  (14, 14, 'assessor', 6, 1796031452975),
  (15, 15, 'auditor', 6, 1796031453048),
  (16, 16, 'admin', 6, 1796031453121),
  (17, 17, 'admin', 1, 1796031453171),
  (18, 18, 'reviewer', 1, 1796031453242),
  (19, 19, 'assessor', 1, 1796031453313),
  (20, 20, 'device', 4, 1796031455128);

INSERT INTO "refresh_token" ("id", "account_id", "family", "token_hash", "issued_at", "expires_at", "used_at", "revoked_at") VALUES
  (1, 1, '-3l5EL8ELN7rGSXY0XXk5vZ5jWzKdOTjNchQYDxKJOo', '337ab9b5b66bbe75a96a81868510991c6884699bba66db9e5e759ca60a654b62', 1796031454464, 1798623454464, NULL, NULL),
  (2, 2, 'Yk4RQ9Le4bvOXJuxJvYU_55DAbHJr-XQ3VbjfYdPQgo', 'ed784d5e4dfa695bc001ff6bf921c034922573c063d024d941ed4380b7d75910', 1796031454585, 1798623454585, NULL, NULL),
  (3, 3, 'IADZkDJTQA8XudyihwUhT2xSwKIWgAKjDdItukw-HIU', 'fd42d98eb94033fbe9d59bb07adad6a19cf95eeac9b0e9fc1f87c26d6a562c1a', 1796031454658, 1798623454658, NULL, NULL),
  (4, 4, 'dhHdnKFQMK558jJ9x6Z7H3_FgFP6J6zNzUZCZ0pmKGg', 'd0f3d5fc4d24410815c4a66a89e6224647ccf64210cb5c4d27d38628f82306f8', 1796031454743, 1798623454743, NULL, NULL),
  (5, 6, '79FxjMh6Osv-ZQy8JgciMjlsSZ01KB3xTdwFR64opqQ', '64d88dd8743a0b1e7696a07e99c1fe9ae03668a76c38b085035d18cfa615465b', 1796031454887, 1798623454887, NULL, NULL),
  (6, 2, 'N4qxh8Y6iWp_E-qAii2gTCJn1nGFKHKQKyo2EoFYHNU', 'af12285ff33acb5b9160fe0e1e99690589476548e34e7662b8b477b2f2621a26', 1796031455011, 1798623455011, NULL, NULL),
  (7, 20, '0oO9hMB422f_47acTNZePcsJ1sBjkzLYNp-DTGYXG2Y', '8ecdf8fd3e4881be63dc1f3f2c6163bbcac30e158bc774ef38e79d688bbb3c08', 1796031455134, 1953711455134, NULL, NULL);

INSERT INTO "device" ("id", "unit_id", "name", "pairing_hash", "pairing_expires_at", "paired_at", "revoked_at", "last_seen_at") VALUES
  (1, 4, '会议室电视', NULL, 1796032055128, 1796031455134, NULL, NULL);

INSERT INTO "course" ("id", "slug", "title", "summary", "category", "unit_id", "audience_unit_id", "created_by", "created_at", "updated_at", "version") VALUES
  (1, 'course-0', '第一门课程', '测试课程', 'agriculture', 1, 1, NULL, 1796031453321, 1796031453321, 1),
  (2, 'course-5', '第一门课程', '测试课程', 'agriculture', 2, 2, NULL, 1796031453326, 1796031453326, 1);

INSERT INTO "lesson" ("id", "slug", "course_id", "position", "title", "summary", "body", "category", "tags", "crop", "season", "level", "language", "lecturer", "source", "valid_until", "duration_ms", "media_sha256", "state", "unit_id", "audience_unit_id", "published_on", "plays", "is_sample", "return_reason", "created_by", "reviewed_by", "updated_at", "version") VALUES
  (1, 'article', 1, 1, '红薯储藏与窖藏温度', '红薯储藏与窖藏温度的要点', '挖完的坑晒一个冬天，撒点石灰再种。', 'agriculture', '["测试"]', NULL, NULL, 'entry', '普通话', '韦国胜', '本市', NULL, 300000, NULL, 'published', 1, 1, '2026-11-30', 1, FALSE, NULL, NULL, NULL, 1796031453323, 1),
  (2, 'video', 1, 2, '沙糖桔修剪与保花保果', '沙糖桔修剪与保花保果的要点', '挖完的坑晒一个冬天，撒点石灰再种。', 'agriculture', '["测试"]', NULL, NULL, 'entry', '普通话', '韦国胜', '本市', NULL, 600000, 'ea2e76f23c6f6ce2c58804cce6b09cd917a75a5769b2d1491884680e53efe04d', 'published', 1, 1, '2026-11-30', 2, FALSE, NULL, NULL, NULL, 1796031453323, 1),
  (3, 'east', 1, 3, '东江县调解员工作手册', '东江县调解员工作手册的要点', '挖完的坑晒一个冬天，撒点石灰再种。', 'agriculture', '["测试"]', NULL, NULL, 'entry', '普通话', '韦国胜', '本市', NULL, 600000, '07bc44068447d04e2803c905128f72bbe5a394705244a7f2bb2cb918cbc72622', 'published', 2, 2, '2026-11-30', 0, FALSE, NULL, NULL, NULL, 1796031453323, 1),
  (4, 'draft', 1, 4, '未发布的草稿课程', '未发布的草稿课程的要点', '挖完的坑晒一个冬天，撒点石灰再种。', 'agriculture', '["测试"]', NULL, NULL, 'entry', '普通话', '韦国胜', '本市', NULL, 300000, NULL, 'draft', 2, 2, '2026-11-30', 0, FALSE, NULL, NULL, NULL, 1796031453323, 1),
  (5, 'film', 1, 5, '真实影片课程', '真实影片课程的要点', '挖完的坑晒一个冬天，撒点石灰再种。', 'agriculture', '["测试"]', NULL, NULL, 'entry', '普通话', '韦国胜', '本市', NULL, 187120, '04b3a8819528f9c3adeca05a88975d662e45b36c282c7d89e62cb2d93f006474', 'published', 1, 1, '2026-11-30', 0, FALSE, NULL, NULL, NULL, 1796031453323, 1),
  (6, 'waiting', 2, 1, '等待审核的课程', '等待审核的课程的要点', '挖完的坑晒一个冬天，撒点石灰再种。', 'agriculture', '["测试"]', NULL, NULL, 'entry', '普通话', '韦国胜', '本市', NULL, 300000, NULL, 'published', 2, 2, '2026-11-30', 0, FALSE, NULL, NULL, 4, 1796031454951, 2);

INSERT INTO "media" ("sha256", "size_bytes", "mime", "filename", "duration_ms", "width", "height", "codecs", "faststart", "unit_id", "uploaded_by", "created_at") VALUES
  ('ea2e76f23c6f6ce2c58804cce6b09cd917a75a5769b2d1491884680e53efe04d', 300000, 'video/mp4', '沙糖桔 修剪.mp4', 600000, NULL, NULL, NULL, NULL, 1, NULL, 1796031453315),
  ('07bc44068447d04e2803c905128f72bbe5a394705244a7f2bb2cb918cbc72622', 17, 'video/mp4', 'east.mp4', 600000, NULL, NULL, NULL, NULL, 2, NULL, 1796031453316),
  ('04b3a8819528f9c3adeca05a88975d662e45b36c282c7d89e62cb2d93f006474', 1508565, 'video/mp4', 'film.mp4', 187120, NULL, NULL, NULL, NULL, 1, NULL, 1796031453320),
  ('c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646', 10, 'text/plain; charset=utf-8', 'handout.txt', NULL, NULL, NULL, NULL, NULL, 2, 3, 1796031455158);

INSERT INTO "upload" ("id", "account_id", "unit_id", "length", "received", "metadata", "filename", "filetype", "course_id", "state", "sha256", "error", "created_at", "expires_at") VALUES
  ('wquHd9EgfQ7uNaALOve3QwKV', 3, 2, 10, 10, 'filename aGFuZG91dC50eHQ=,filetype dGV4dC9wbGFpbg==', 'handout.txt', 'text/plain', NULL, 'complete', 'c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646', NULL, 1796031455142, 1796636255147);

INSERT INTO "playback" ("id", "mode", "lesson_id", "person_id", "account_id", "unit_id", "duration_ms", "started_at", "day", "last_seq", "last_position_ms", "last_playing", "last_rate_permille", "last_beat_at", "claimed_ms", "credited_ms", "reasons", "seen", "superseded_at", "closed_at", "posted_at") VALUES
  (1, 'solo', 2, 1, 1, 4, 600000, 1796031154793, '2026-11-30', 3, 500000, TRUE, 1000, 1796031454812, 500000, 300000, '{"SEEK_UNSEEN":200000}', '[[0,300000]]', NULL, 1796031454814, 1796031454814),
  (2, 'group', 2, NULL, 2, 4, 600000, 1796031214823, '2026-11-30', 2, 240000, TRUE, 1000, 1796031454831, 240000, 240000, '{}', '[[0,240000]]', NULL, 1796031454851, 1796031454851),
  (3, 'solo', 1, 1, 1, 4, 300000, 1796031455219, '2026-11-30', 1, 0, TRUE, 1000, 1796031455226, 0, 0, '{}', '[]', NULL, NULL, NULL);

INSERT INTO "presence" ("id", "playback_id", "person_id", "arrived_at", "left_at", "marked_by") VALUES
  (1, 2, 2, 1796031214823, 1796031454851, 2),
  (2, 2, 3, 1796031214823, 1796031454847, 2);

INSERT INTO "class_run" ("id", "level", "title", "unit_id", "place", "teacher", "starts_on", "ends_on", "half_days", "created_by", "created_at") VALUES
  (1, 'township', '冬训班', 3, '镇政府', '韦国胜', '2026-11-30', '2026-11-30', 2, NULL, 1796031454858);

INSERT INTO "class_attendance" ("id", "class_run_id", "person_id", "half_days", "status") VALUES
  (1, 1, 4, 2, 'attended');

INSERT INTO "ledger_entry" ("seq", "person_id", "unit_id", "day", "source", "lesson_id", "playback_id", "class_run_id", "corrects_seq", "claimed_ms", "credited_ms", "reasons", "rule_id", "note", "author_id", "posted_at", "prev_hash", "hash") VALUES
  (1, 1, 4, '2026-11-30', 'solo', 2, 1, NULL, NULL, 500000, 300000, '{"SEEK_UNSEEN":200000}', 1, '沙糖桔修剪与保花保果', NULL, 1796031454814, '0000000000000000000000000000000000000000000000000000000000000000', 'd03b52884d79bacf9340a17f5db672b10db96caa7e45d90a217d606b97d27ded'),
  (2, 2, 4, '2026-11-30', 'group', 2, 2, NULL, NULL, 240000, 240000, '{}', 1, '沙糖桔修剪与保花保果', NULL, 1796031454851, 'd03b52884d79bacf9340a17f5db672b10db96caa7e45d90a217d606b97d27ded', 'cc18d1d76151059dd840a982d3138fa5650f5f546c6555642adf33b872031be3'),
  (3, 3, 4, '2026-11-30', 'group', 2, 2, NULL, NULL, 240000, 240000, '{}', 1, '沙糖桔修剪与保花保果', NULL, 1796031454851, 'cc18d1d76151059dd840a982d3138fa5650f5f546c6555642adf33b872031be3', '71f98a714d5ba25af3566fa70b8c5807443841e5b50fe28a98279089864193ae'),
  (4, 4, 4, '2026-11-30', 'class', NULL, NULL, 1, NULL, 21600000, 21600000, '{}', 1, '冬训班', NULL, 1796031454858, '71f98a714d5ba25af3566fa70b8c5807443841e5b50fe28a98279089864193ae', '4e4d4e5c574853bbb681d9c0894d37152aebb9487f0047c1b4e99c49ac2deb63'),
  (5, 4, 4, '2026-11-30', 'correction', NULL, NULL, 1, 4, -60000, -60000, '{}', 1, '名单有误', 6, 1796031454945, '4e4d4e5c574853bbb681d9c0894d37152aebb9487f0047c1b4e99c49ac2deb63', '9b02ae14066e61d04435914444daa25ccb9b41a9b0f8753f507155a6a7222a8d');

INSERT INTO "ledger_head" ("id", "seq", "hash") VALUES
  (1, 5, '9b02ae14066e61d04435914444daa25ccb9b41a9b0f8753f507155a6a7222a8d');

INSERT INTO "rule" ("id", "unit_id", "valid_from", "name", "body", "created_by", "created_at") VALUES
  (1, 1, '2019-01-01', '村干部和党员学时规则（基本）', '# The rules of hours a new installation starts with. A place that counts otherwise sets its own, dated, rule;
# a new rule judges only the days from its first day on.

name = "村干部和党员学时规则（基本）"
valid_from = 2019-01-01

# 1 学时 = 45 分钟（教学惯例；云南为 30 分钟，另有地方为 60 分钟）。 Must divide 1800.
minutes_per_credit_hour = 45
# 集中培训 1 天 = 8 学时，半天 = 4 学时。
day_minutes = 360
half_day_minutes = 180
# 每人每天在线学习最多计 480 分钟。
daily_cap_minutes = 480
# 同一课程一天累计不足 2 分钟不计。
minimum_watch_minutes = 2
# 请假超过总天数七分之一的，不计学时（《干部教育培训工作条例》，2023）。
leave_limit_one_in = 7
# 最快按 1.5 倍速计。 At most 150.
most_rate_percent = 150
# 手机自学满 20 分钟没有碰过屏幕，就轻声问一句“还在看吗”，答了才接着计时；0 为不问。教室不问。
idle_check_minutes = 20
# 集体学习每 20 分钟抽三个名字，请站点管理员确认在场；0 为不抽。
presence_check_minutes = 20
# 随堂测验：答对六成为通过，每人每课每天最多试 3 次。
quiz_pass_percent = 60
quiz_attempts_a_day = 3
# 上一年超出要求的学时结转到本年，最多多少学时；0 为不结转，当年有效。
carry_over_hours = 0
# 集中培训以外（网上自学、集体收看）的学时，最多按要求的百分之多少计入达标；100 为不限。
online_share_percent = 100

[[target]]
id = "member_hours"
name = "党员年度集中学习"
posts = ["member", "hamlet_secretary", "first_secretary"]
measure = "credit_hours"
need = 32
clause = "《中国共产党党员教育管理工作条例》（2019）第二十条：党员每年集中学习培训时间一般不少于32学时"

[[target]]
id = "committee_hours"
name = "村“两委”干部年度学时"
posts = ["village_secretary", "village_director", "committee_member"]
measure = "credit_hours"
need = 56
clause = "《2019-2023年全国党员教育培训工作规划》：党组织书记和班子成员每年集中学习培训时间不少于56学时"

[[target]]
id = "committee_class"
name = "村“两委”干部集中培训"
posts = ["village_secretary", "village_director", "committee_member"]
measure = "classes"
need = 1
clause = "《2019-2023年全国党员教育培训工作规划》：党组织书记和班子成员每年至少参加1次集中培训"

[[target]]
id = "city_class"
name = "市级培训"
posts = ["village_secretary", "village_director", "committee_member", "graduate_official"]
measure = "classes"
level = "city"
need = 1
clause = "市远程教育工作报告（2012）：市对每名村干部每年至少培训1次"

[[target]]
id = "county_classes"
name = "县级培训"
posts = ["village_secretary", "village_director", "committee_member", "graduate_official"]
measure = "classes"
level = "county"
need = 2
clause = "市远程教育工作报告（2012）：县对每名村干部每年至少培训2次"

[[target]]
id = "township_days"
name = "乡镇培训"
posts = ["village_secretary", "village_director", "committee_member", "graduate_official"]
measure = "class_days"
level = "township"
need = 7
clause = "市远程教育工作报告（2012）：乡镇对每名村干部每年培训不少于7天"

[[target]]
id = "new_secretary"
name = "新任书记任职培训"
posts = ["village_secretary"]
measure = "classes"
need = 1
within_months = 6
clause = "《2019-2023年全国党员教育培训工作规划》：新任党组织书记在任职半年内参加1次集中培训"

# 12 天或者 90 学时，达到一项即可。
[[target]]
id = "cadre_training"
name = "干部年度培训"
posts = ["first_secretary"]
measure = "credit_hours"
need = 90
or = { measure = "class_days", need = 12 }
clause = "《干部教育培训工作条例》（2023）：乡科级及以下干部每年参加培训累计不少于12天或者90学时"

# 免除：批准的期间内不作要求；跨年度中间的，按天数折算（见 assess.rs）。
# 年老体弱、患病、残疾的党员不作硬性要求，送学上门。
[[exemption]]
kind = "old"
lifts = ["credit_hours", "classes", "class_days"]
clause = "《中国共产党党员教育管理工作条例》（2019）第二十三条"

[[exemption]]
kind = "sick"
lifts = ["credit_hours", "classes", "class_days"]
clause = "《中国共产党党员教育管理工作条例》（2019）第二十三条"

[[exemption]]
kind = "disabled"
lifts = ["credit_hours", "classes", "class_days"]
clause = "《中国共产党党员教育管理工作条例》（2019）第二十三条"

# 外出六个月以上的流动党员不能回来上课，学时仍要在手机上完成。
[[exemption]]
kind = "migrant"
lifts = ["classes", "class_days"]
clause = "《中国共产党党员教育管理工作条例》（2019）第三十二条"
', NULL, 1796031454113);

INSERT INTO "audit" ("id", "at", "account_id", "action", "target", "detail") VALUES
  (1, 1796031454858, NULL, 'class.record', 'class:1', ''),
  (2, 1796031454945, 6, 'ledger.correct', 'ledger:4', '更正 -60000 毫秒：名单有误'),
  (3, 1796031454951, 4, 'lesson.publish', 'lesson:6', '等待审核的课程'),
  (4, 1796031455128, 2, 'device.pair', 'device:1', '会议室电视'),
  (5, 1796031455158, 3, 'media.add', 'media:c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646', 'handout.txt');

INSERT INTO "outbox" ("id", "lesson_id", "at") VALUES
  (1, 6, 1796031454951);

INSERT INTO "beat" ("playback_id", "seq", "position_ms", "playing", "rate_permille", "claimed_ms", "span_from_ms", "span_to_ms", "wall_from", "wall_to", "reason", "reason_ms") VALUES
  (1, 1, 0, TRUE, 1000, 0, 0, 0, 1796031454805, 1796031454805, NULL, 0),
  (1, 2, 300000, TRUE, 1000, 300000, 0, 300000, 1796031154805, 1796031454805, NULL, 0),
  (1, 3, 500000, TRUE, 1000, 200000, 300000, 300000, 1796031454812, 1796031454812, 'SEEK_UNSEEN', 200000),
  (2, 1, 0, TRUE, 1000, 0, 0, 0, 1796031214831, 1796031214831, NULL, 0),
  (2, 2, 240000, TRUE, 1000, 240000, 0, 240000, 1796031214831, 1796031454831, NULL, 0),
  (3, 1, 0, TRUE, 1000, 0, 0, 0, 1796031455226, 1796031455226, NULL, 0);
