"""Every text of the doctor, in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from kuzov.data.files import LOOSE, NESTED, NOT_A_PHOTO
from kuzov.data.folder_names import NO_CLASS_NAME, OURS, SYSTEM_FOLDER
from kuzov.data.layout import BESIDE_TRAIN, KEPT_FOR_TEST, LOOSE_TEST, OTHER_SET, SET_WITHOUT_CLASSES
from kuzov.doctor.findings import Finding, Kind, Move, Reason, Skipped
from kuzov.images.reasons import BROKEN, EMPTY, FOREIGN, LACKS_END
from kuzov.report.texts import COUNT, TRAIN_PHOTOS, VALIDATION_PHOTOS
from kuzov.words import PHOTOS, Plural, Words, number, percent, plain

TITLE = Words("Check of the photos", "Проверка фотографий")
ALL_WELL = Words("Nothing was found in {photos}", "Проверено {photos}, ничего не найдено")
FOUND = Words("{findings} in {photos}", "{findings} на {photos}")
FINDINGS = Plural(
    ("{count} finding", "{count} findings"), ("{count} замечание", "{count} замечания", "{count} замечаний")
)
READABLE = Plural(
    ("{count} readable photo", "{count} readable photos"),
    ("{count} читаемое фото", "{count} читаемых фото", "{count} читаемых фото"),
)
SUMMARY = Words("Findings", "Найдено")
FINDING = Words("finding", "замечание")
COUNTS = Words("Photos of each class", "Фотографии по классам")
SIDES = {"train": TRAIN_PHOTOS, "validation": VALIDATION_PHOTOS, "": COUNT}
NOT_CHECKED = Words("Not checked", "Не проверено")
WHETHER_ENOUGH = Words("Whether more photos would help", "Помогут ли новые фотографии")
MORE_FINDINGS = Words("And {count} more without a picture.", "И ещё {count} — без картинок.")
MOVED = Words("Moved into the quarantine", "Перенесено в карантин")
WOULD_MOVE = Words("What --fix would move", "Что перенесёт --fix")
MOVES_EXPLAINED = Words(
    "Only what is certainly no loss. The files go into a folder beside the photos, and --undo puts them "
    "back; nothing is deleted. Of copies in both train/ and validation/ the training photo goes: what other "
    "models were judged by stays the same.",
    "Только то, что точно не потеря. Файлы уходят в папку рядом с фотографиями, и --undo вернёт их; ничего "
    "не удаляется. Если копии лежат и в train/, и в validation/, уходит обучающая: то, по чему проверяли "
    "другие модели, остаётся прежним.",
)
MOVE_KEPT = Words("copy of {kept}", "копия {kept}")
COPY = Words("its copy", "её копия")

NAMES: Mapping[Kind, Words] = {
    Kind.REFUSED: Words("Why kuzov train refuses this folder", "Почему kuzov train не примет эту папку"),
    Kind.UNREADABLE: Words("Unreadable files", "Файлы, которые не читаются"),
    Kind.TRUNCATED: Words("Files cut short", "Обрезанные файлы"),
    Kind.LEFT_OUT: Words("Not looked at", "Не учитывается"),
    Kind.LEAK: Words("In both train/ and validation/", "И в train/, и в validation/"),
    Kind.ACROSS_CLASSES: Words("The same picture in two classes", "Одно и то же в двух классах"),
    Kind.EXACT_DUPLICATE: Words("Exact copies", "Точные копии"),
    Kind.NEAR_DUPLICATE: Words("Near copies", "Почти копии"),
    Kind.WRONG_LABEL: Words("Probably in the wrong class", "Вероятно, не в том классе"),
    Kind.NO_CAR: Words("Probably no car", "Вероятно, без автомобиля"),
    Kind.SEVERAL_CARS: Words(
        "Several cars, and none clearly meant", "Несколько автомобилей, и неясно, какой нужен"
    ),
    Kind.SMALL_CAR: Words("Very small cars", "Слишком мелкие автомобили"),
    Kind.ODD: Words("Unlike the others of the class", "Не похожи на остальные в классе"),
    Kind.TINY: Words("Tiny photos", "Крошечные фотографии"),
    Kind.EXTREME_ASPECT: Words("Very long or very tall photos", "Слишком вытянутые фотографии"),
    Kind.BLURRED: Words("Blurred photos", "Размытые фотографии"),
    Kind.DARK: Words("Dark photos", "Тёмные фотографии"),
    Kind.TOO_FEW: Words("Too few photos", "Слишком мало фотографий"),
    Kind.IMBALANCE: Words("Far fewer photos than other classes", "Гораздо меньше, чем в других классах"),
}

ADVICE: Mapping[Kind, Words] = {
    Kind.REFUSED: Words("Mend this first.", "Сначала исправьте это."),
    Kind.UNREADABLE: Words(
        "Replace them with whole copies, or have --fix move them away.",
        "Замените целыми копиями или уберите с помощью --fix.",
    ),
    Kind.TRUNCATED: Words(
        "Copy or download them again, or have --fix move them away.",
        "Скопируйте или скачайте заново или уберите с помощью --fix.",
    ),
    Kind.LEFT_OUT: Words(
        "Move photos into the folders of their classes; ignore the rest.",
        "Переложите фотографии в папки их классов; остальное не мешает.",
    ),
    Kind.LEAK: Words(
        "The model would be judged by what it has learned from, so its accuracy would flatter it. "
        "--fix moves the training photo away.",
        "Модель проверялась бы на том, на чём училась, и точность была бы завышена. "
        "--fix уберёт обучающую фотографию.",
    ),
    Kind.ACROSS_CLASSES: Words(
        "One of the classes is wrong: keep the photo in the right one.",
        "Один из классов неверен: оставьте фотографию в верном.",
    ),
    Kind.EXACT_DUPLICATE: Words(
        "They teach nothing new. --fix keeps one of each.",
        "Ничему новому не учат. --fix оставит по одной.",
    ),
    Kind.NEAR_DUPLICATE: Words(
        "They teach little; kuzov train keeps them on one side. Keep the best one.",
        "Учат малому; kuzov train держит их на одной стороне. Оставьте лучшую.",
    ),
    Kind.WRONG_LABEL: Words(
        "Look at each, and move it into the right class if it is in the wrong one.",
        "Посмотрите на каждую и переложите, если класс неверен.",
    ),
    Kind.NO_CAR: Words("Remove those that show no car.", "Уберите те, на которых нет автомобиля."),
    Kind.SEVERAL_CARS: Words(
        "The most prominent one is learned from: crop them to the car that is meant.",
        "Учат по самому заметному: обрежьте по нужному автомобилю.",
    ),
    Kind.SMALL_CAR: Words(
        "Too small to tell one model from another: look for photos that show it larger.",
        "По таким модель не узнать: поищите, где автомобиль крупнее.",
    ),
    Kind.ODD: Words(
        "An interior, a drawing, another model, or just a rare view? Remove what you would not ask about.",
        "Салон, рисунок, другая модель или просто редкий ракурс? Уберите то, о чём не станете спрашивать.",
    ),
    Kind.TINY: Words("Look for larger ones.", "Поищите покрупнее."),
    Kind.EXTREME_ASPECT: Words(
        "A car is hard to find in them: crop them to the car.",
        "Автомобиль в них трудно найти: обрежьте по нему.",
    ),
    Kind.BLURRED: Words("Look for sharper ones.", "Поищите резче."),
    Kind.DARK: Words("Brighten them or look for others.", "Осветлите или поищите другие."),
    Kind.TOO_FEW: Words("Add photos of these classes first.", "Сначала добавьте фотографий этих классов."),
    Kind.IMBALANCE: Words(
        "Add photos of these classes: the model will tend to the larger ones.",
        "Добавьте фотографий этих классов: модель будет склоняться к большим.",
    ),
}

MIRRORED = Words("mirrored copy, {similarity} alike", "зеркальная копия, сходство {similarity}")
ALIKE = Words("{similarity} alike", "сходство {similarity}")
SAME_FILE = Words("the same file", "один и тот же файл")
IN_CLASSES = Words("{how}, in {classes}", "{how}, в классах {classes}")
SENTENCES: Mapping[Kind, Words] = {
    Kind.WRONG_LABEL: Words(
        "in {label}, looks like {suggested} ({probability})",
        "в {label}, похоже на {suggested} ({probability})",
    ),
    Kind.NO_CAR: Words("no car was found", "автомобиль не найден"),
    Kind.SEVERAL_CARS: Words(
        "another car is {prominence} as prominent as the main one",
        "другой автомобиль заметен на {prominence} от главного",
    ),
    Kind.SMALL_CAR: Words("the car is {width} × {height} pixels", "автомобиль {width} × {height} пикселей"),
    Kind.ODD: Words(
        "{deviations} deviations from the middle of {label}", "{deviations} отклонения от середины {label}"
    ),
    Kind.TINY: Words("{width} × {height} pixels", "{width} × {height} пикселей"),
    Kind.EXTREME_ASPECT: plain("{aspect} : 1"),
    Kind.BLURRED: Words("sharpness {sharpness}", "резкость {sharpness}"),
    Kind.DARK: Words("brightness {brightness}", "яркость {brightness}"),
    Kind.IMBALANCE: Words(
        "{label}: {photos}, the median class has {median}",
        "{label}: {photos}, в среднем классе {median}",
    ),
}
TOO_FEW = Plural(
    (
        "{label}: {count} different photo{side}, should be {least} or more",
        "{label}: {count} different photos{side}, should be {least} or more",
    ),
    ("{label}: разных фотографий{side} {count}, нужно {least} или больше",) * 3,
)

REASONS: Mapping[str, Words] = {
    **{
        str(words): words
        for words in (
            *(EMPTY, BROKEN, LACKS_END, *FOREIGN),
            *(LOOSE, NESTED, NOT_A_PHOTO, NO_CLASS_NAME, SYSTEM_FOLDER, OURS),
            *(KEPT_FOR_TEST, LOOSE_TEST, OTHER_SET, SET_WITHOUT_CLASSES, BESIDE_TRAIN),
        )
    },
}

WHY_NOT: Mapping[Reason, Words] = {
    Reason.NO_PHOTOS: Words("no photo can be read", "ни одна фотография не читается"),
    Reason.ONE_CLASS: Words(
        "there is only one class with photos, and this compares classes",
        "класс с фотографиями только один, а здесь классы сравниваются",
    ),
    Reason.FEW_IN_CLASS: Words(
        "there are too few photos of a class to compare with",
        "в классе слишком мало фотографий для сравнения",
    ),
    Reason.MOSTLY_WITHOUT_CARS: Words(
        "in most photos no car is found, so it can't tell which of them show none",
        "на большинстве фотографий автомобиль не найден, и судить об остальных нельзя",
    ),
    Reason.NO_VALIDATION: Words(
        "the photos are not divided into train/ and validation/",
        "фотографии не разделены на train/ и validation/",
    ),
    Reason.TOO_FEW_TO_CURVE: Words(
        "the smallest class has too few photos to tell whether more would help",
        "в наименьшем классе слишком мало фотографий, чтобы понять, помогут ли новые",
    ),
}
NOT_MADE, NOT_MADE_FOR = plain("{check}: {reason}."), plain("{check}: {reason} ({classes}).")


def sentence(finding: Finding) -> Words:
    """What a finding is told by, in a few words."""
    facts = finding.facts
    if finding.kind == Kind.REFUSED:
        return Words(str(facts["en"]), str(facts["ru"]))
    if "reason" in facts:
        return REASONS.get(str(facts["reason"]), plain(str(facts["reason"])))
    if "similarity" in facts:
        words = SAME_FILE if facts["exact"] else MIRRORED if facts["mirrored"] else ALIKE
        told = words.fill(similarity=percent(float(facts["similarity"])))
        return IN_CLASSES.fill(how=told, classes=str(facts["classes"])) if "classes" in facts else told
    filled = {name: _shown(name, value) for name, value in facts.items()}
    if finding.kind == Kind.IMBALANCE:
        filled["photos"] = PHOTOS.of(int(facts["photos"]))
    if finding.kind == Kind.TOO_FEW:
        side = plain(" {side}").fill(side=SIDES[str(facts["side"])]) if facts["side"] else plain("")
        return TOO_FEW.of(int(facts["photos"]), label=filled["label"], least=filled["least"], side=side)
    return SENTENCES[finding.kind].fill(**filled)


def _shown(name: str, value: float | str) -> Words:
    if name in {"probability", "prominence"}:
        return percent(float(value))
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else 3 if value < 1 else 1)
    return plain(value)


def why_not(skipped: Skipped) -> Words:
    """Which check was not made, and why."""
    check = WHETHER_ENOUGH if skipped.check == Kind.TOO_FEW else NAMES[skipped.check]
    words = NOT_MADE_FOR if skipped.classes else NOT_MADE
    return words.fill(check=check, reason=WHY_NOT[skipped.reason], classes=", ".join(skipped.classes))


def why_moved(move: Move) -> Words:
    """What a moved file was."""
    return MOVE_KEPT.fill(kept=move.kept) if move.kept else NAMES[move.kind]
