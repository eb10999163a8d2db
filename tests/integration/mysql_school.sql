-- dialect: mariadb
-- A school as MariaDB has one: what its tables have that no other database has in the same form.
CREATE TABLE `teachers` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `public_id` uuid NOT NULL DEFAULT uuid(),
  `staff_no` char(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'As on the badge',
  `full_name` varchar(80) NOT NULL,
  `subjects` set('math','physics','art') DEFAULT NULL,
  `mentor_id` int unsigned DEFAULT NULL,
  `class_id` int unsigned DEFAULT NULL COMMENT 'The class that the teacher is responsible for',
  `hired_on` date NOT NULL DEFAULT '2020-01-01',
  PRIMARY KEY (`id`),
  UNIQUE KEY (`staff_no`),
  KEY `teachers_by_name` (`full_name`(20) DESC),
  FOREIGN KEY (`mentor_id`) REFERENCES `teachers` (`id`) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='Teaching staff, it''s "all" of them';

CREATE TABLE `classes` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(20) NOT NULL,
  `year` year NOT NULL,
  `room` varchar(10) DEFAULT NULL,
  `starts_at` time NOT NULL DEFAULT '07:00:00',
  `capacity` tinyint(3) unsigned NOT NULL DEFAULT 32 CHECK (`capacity` between 1 and 60),
  `teacher_id` int unsigned NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `classes_once` (`name`,`year`),
  CONSTRAINT `class_has_teacher` FOREIGN KEY (`teacher_id`) REFERENCES `teachers` (`id`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=COMPACT;

ALTER TABLE `teachers` ADD CONSTRAINT `teacher_of_class` FOREIGN KEY (`class_id`) REFERENCES `classes` (`id`) ON DELETE SET NULL;

CREATE TABLE `students` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `nisn` varchar(10) NOT NULL,
  `full_name` varchar(120) NOT NULL,
  `nickname` varchar(20) CHARACTER SET latin1 DEFAULT NULL,
  `gender` enum('female','male','it''s complicated') NOT NULL DEFAULT 'female',
  `class_id` int unsigned DEFAULT NULL,
  `birth_date` date DEFAULT NULL,
  `height` float DEFAULT NULL,
  `weight` double DEFAULT NULL,
  `score` decimal(5,2) NOT NULL DEFAULT 0.00,
  `points` smallint(6) NOT NULL DEFAULT 0,
  `locker` int(4) unsigned zerofill DEFAULT NULL,
  `is_active` tinyint(1) NOT NULL DEFAULT 1,
  `has_photo` bit(1) NOT NULL DEFAULT b'0',
  `flags` bit(8) DEFAULT NULL,
  `fingerprint` binary(4) DEFAULT NULL,
  `photo` mediumblob DEFAULT NULL,
  `notes` text DEFAULT NULL,
  `extra` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`extra`)),
  `initial` varchar(1) GENERATED ALWAYS AS (left(`full_name`,1)) STORED,
  `label` varchar(140) GENERATED ALWAYS AS (concat(`full_name`,' (',`nisn`,')')) VIRTUAL,
  `created_at` datetime(6) NOT NULL DEFAULT current_timestamp(6),
  `updated_at` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  PRIMARY KEY (`id`),
  UNIQUE KEY `students_nisn` (`nisn`),
  UNIQUE KEY `students_nickname` (`nickname`(8),`class_id`),
  FULLTEXT KEY `students_notes` (`notes`),
  KEY `students_of_class` (`class_id`,`full_name`),
  CONSTRAINT `score_in_range` CHECK (`score` between 0 and 100),
  CHECK (`nisn` <> ''),
  CONSTRAINT `student_in_class` FOREIGN KEY (`class_id`) REFERENCES `classes` (`id`) ON DELETE SET NULL ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `attendance` (
  `student_id` bigint unsigned NOT NULL,
  `day` date NOT NULL,
  `status` enum('present','late','absent') NOT NULL,
  `minutes` smallint DEFAULT NULL,
  `note` varchar(200) NOT NULL DEFAULT '',
  PRIMARY KEY (`student_id`,`day`),
  CONSTRAINT `late_needs_minutes` CHECK (`status` <> 'late' OR `minutes` IS NOT NULL),
  CONSTRAINT `attendance_of_student` FOREIGN KEY (`student_id`) REFERENCES `students` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE VIEW `late_students` AS
  SELECT `s`.`id`, `s`.`full_name`, count(*) AS `times` FROM `students` `s` JOIN `attendance` `a` ON `a`.`student_id` = `s`.`id`
  WHERE `a`.`status` = 'late' GROUP BY `s`.`id`, `s`.`full_name`;
