"""Every text of the report, in English and Russian."""

from __future__ import annotations

from kuzov.words import Plural, Words, plain

# Page
TITLE = Words("Training report", "Отчёт об обучении")
EVALUATION_TITLE = Words("How well it recognises these photos", "Как распознаватель узнаёт эти фотографии")
VERSION = Words("Version {version}", "Версия {version}")

# Summary
SUMMARY = Words("In short", "Коротко")
HEADLINE = Words(
    "Right on {right} of {photos} it had not seen; expect {expected}.",
    "Верно на {right} из {photos}, которых он не видел; ожидайте {expected}.",
)
EXPECTED = Words("{low} to {high}\u00a0%", "от {low} до {high}\u00a0%")
EVALUATION_HEADLINE = Words(
    "Right on {right} of {photos}; on others like them expect {expected}.",
    "Верно на {right} из {photos}; на других таких же ожидайте {expected}.",
)
FLATTERING_HEADLINE = Words(
    "Right on {right} of {photos}, but it has learned from {learned} of them, which flatters it. {others}",
    "Верно на {right} из {photos}, но на {learned} из них он учился, и это его приукрашивает. {others}",
)
ON_UNSEEN_ALONE = Words(
    "On the rest it is right on {right} of {total}; on others like those expect {expected}.",
    "На остальных верно {right} из {total}; на других таких же ожидайте {expected}.",
)
NONE_UNSEEN = Words("Judge it on others.", "Проверьте его на других.")
RIGHT_BUT_UNKNOWN = Plural(
    (
        "{count} of the right ones it would call unknown.",
        "{count} of the right ones it would call unknown.",
    ),
    (
        "{count} из верных он назвал бы незнакомой.",
        "{count} из верных он назвал бы незнакомыми.",
        "{count} из верных он назвал бы незнакомыми.",
    ),
)
CALLED_UNKNOWN = Words("Called unknown", "Названы незнакомыми")
CALLED_UNKNOWN_CAPTION = Words(
    "Photos of known cars that are answered “none of these”: {shown} of {total}.",
    "Фото известных машин с ответом «ни одна из этих»: {shown} из {total}.",
)
ALL_CLASSES_RIGHT = Words(
    "Every car is recognised on all of its photos.", "Каждая машина узнана на всех своих фото."
)
HARDEST_CLASS = Words(
    "The hardest car is {name}: recognised on {right} of {photos}.",
    "Труднее всего {name}: эта машина узнана на {right} из {photos}.",
)
TRUE_PROBABILITIES = Words(
    "Its percentages can be taken at their word: they are off by {ece} on average.",
    "Его процентам можно верить: в среднем они расходятся с делом на {ece}.",
)
UNTRUE_PROBABILITIES = Words(
    "Take its percentages with care: they are off by {ece} on average.",
    "К его процентам относитесь осторожно: в среднем они расходятся с делом на {ece}.",
)
NO_FALSE_ALARMS = Words(
    "It took none of the cars for one that it does not know.",
    "Ни одну из машин он не принял за незнакомую.",
)
SOME_FALSE_ALARMS = Words(
    "On {count} of {photos} it took the car for one that it does not know.",
    "На {count} из {photos} он принял машину за незнакомую.",
)

# Judgement
JUDGED = Words("Accuracy", "Доля верных ответов")
JUDGEMENT = Words(
    "{right} of {photos} right: {accuracy}, 95\u00a0% interval {interval}.",
    "Верно {right} из {photos}: {accuracy}, 95-процентный интервал {interval}.",
)
FLATTERING_JUDGEMENT = Words(
    "{right} of {photos} right: {accuracy}.", "Верно {right} из {photos}: {accuracy}."
)
JUDGED_UNSEEN = Words("Without photos it has learned from", "Без фото, на которых он учился")
CAUTION = Words(
    "A figure from {photos} alone says little. The interval is what to look at: "
    "the true accuracy could well be near either of its ends.",
    "Проверено всего {photos}, одно это число говорит мало. Смотрите на интервал: "
    "истинная доля верных ответов вполне может оказаться у любого из его краёв.",
)
PHOTOS = Words("Photos", "Фотографии")
PHOTO_COUNTS = Words(
    "{train} to learn from, {validation} to judge by; files left out: {rejected}",
    "Для обучения — {train}, для проверки — {validation}; отброшено файлов: {rejected}",
)
EVALUATED_COUNTS = Words(
    "{folder}: {photos} judged; files left out: {rejected}. "
    "The recogniser learned from {learned}, which need not be here.",
    "{folder}: проверено {photos}, отброшено файлов — {rejected}. "
    "Распознаватель учился на {learned}; здесь их может и не быть.",
)
CROSS_VALIDATION = Words("Cross-validation", "Перекрёстная проверка")
CROSS_VALIDATED = Words(
    "{mean} ± {std} (folds: {folds}). Each photo was judged once by a head that had not learned from it, "
    "on the features of the frozen backbone.",
    "{mean} ± {std} (частей: {folds}). Каждую фотографию один раз оценил выходной слой, который на ней "
    "не учился, по признакам замороженной основы сети.",
)
FEW_SHOTS = Words("With few photos", "Когда фотографий мало")
FEW_SHOTS_JUDGED = Words(
    "{mean} ± {std} with {shots} of each car, from {least} to {most} (random draws: {draws}). The head of "
    "each draw learned from these photos alone and was judged on all others ({photos}); the first draw's is "
    "the one that was exported.",
    "{mean} ± {std} верных при {shots} фото каждой машины, от {least} до {most} (случайных выборок: "
    "{draws}). В каждой выборке выходной слой учился только на этих фото, а проверялся на всех остальных "
    "(их {photos}); сохранён тот, что из первой выборки.",
)
ECE = Words("Calibration error (ECE)", "Ошибка калибровки (ECE)")
ECE_VALUES = Words(
    "{before} before calibration, {after} after it: how far the probabilities stray from how often "
    "the answers are right, on photos that neither the head nor the calibration learned from.",
    "До калибровки {before}, после неё {after}: насколько вероятности расходятся с тем, как часто ответы "
    "верны, на фотографиях, на которых не учились ни выходной слой, ни калибровка.",
)
ECE_VALUE = Words(
    "{after}: how far the probabilities stray from how often the answers are right, on these photos.",
    "{after}: насколько вероятности расходятся с тем, как часто ответы верны, на этих фотографиях.",
)
FALSE_ALARMS = Words("Answered “none of these cars”", "Ответ «ни одна из этих машин»")
FALSE_ALARM_COUNT = Words(
    "{count} of {photos}. Each shows one of them, so 0 is best.",
    "{count} из {photos}. На каждом есть одна из них, так что лучше всего 0.",
)
SECONDS = Words("Learning took", "Обучение заняло")
SECONDS_TAKEN = Words("{seconds} s", "{seconds} с")
KEPT = Words("Kept", "Выбрано")
KEPT_HEAD = Words(
    "The head on the frozen backbone. Only the last layer learned from these photos; fine-tuning was "
    "not asked for, or did no better.",
    "Выходной слой на замороженной основе. На этих фотографиях учился только последний слой; дообучение "
    "основы не запрашивали, или оно не дало лучшего результата.",
)
KEPT_FINE_TUNED = Words(
    "The fine-tuned network. The backbone's last layers learned from these photos too and did better on the "
    "validation photos; as those chose it, their accuracy flatters it a little.",
    "Дообученная сеть. Последние слои основы тоже учились на этих фотографиях и дали лучший результат на "
    "проверочных; раз выбор сделан по ним, доля верных ответов на них немного завышена.",
)

# Pictures
CURVES = Words("Curves", "Кривые")
CURVES_CAPTION = Words(
    "Accuracy and log loss of the head in cross-validation, by its inverse regularisation C; "
    "the dotted line marks the chosen one.",
    "Доля верных ответов и логарифмические потери выходного слоя при перекрёстной проверке в зависимости "
    "от обратной силы регуляризации C; пунктиром отмечено выбранное значение.",
)
FINE_TUNE_CAPTION = Words(
    "Below, each epoch of fine-tuning, on the photos learned from and on those held out.",
    "Ниже — каждая эпоха дообучения: на обучающих фотографиях и на отложенных.",
)
LEARNING_CURVE = Words("Would more photos help?", "Помогут ли новые фотографии?")
LEARNING_CURVE_CAPTION = Words(
    "Accuracy by how many photos of each car the head learned from, judged on all other photos: the mean "
    "over {draws} random draws, the same regularisation for all. The band is one standard deviation wide on "
    "either side: how much it matters which photos were drawn.",
    "Доля верных ответов в зависимости от того, на скольких фотографиях каждой машины учился выходной слой; "
    "проверка — на всех остальных. Показано среднее по случайным выборкам (их {draws}), регуляризация всюду "
    "одна. Полоса — одно стандартное отклонение в обе стороны: насколько важно, какие фотографии попались.",
)
MORE_WOULD_HELP = Words(
    "More photos would probably help: from {fewer} to {shots} photos of each car, accuracy still rose from "
    "{before} to {after}, by more than it varies with the draw (±\u00a0{std}).",
    "Новые фотографии, скорее всего, помогут: от {fewer} до {shots} фотографий каждой машины доля верных "
    "ответов ещё выросла с {before} до {after}, и прирост больше разброса между выборками (±\u00a0{std}).",
)
MORE_WOULD_HARDLY_HELP = Words(
    "More photos of this kind would hardly help: from {fewer} to {shots} photos of each car, accuracy went "
    "from {before} to {after}: no gain beyond what varies with the draw (±\u00a0{std}).",
    "Новые фотографии того же рода вряд ли помогут: от {fewer} до {shots} фотографий каждой машины доля "
    "верных ответов изменилась с {before} до {after}: прирост не больше разброса между выборками "
    "(±\u00a0{std}).",
)
NOTHING_LEFT_TO_GAIN = Words(
    "More photos of this kind would hardly help: with {shots} photos of each car, accuracy is {after}, "
    "and nothing is left to gain.",
    "Новые фотографии того же рода вряд ли помогут: при {shots} фотографиях каждой машины доля верных — "
    "{after}, прибавить нечего.",
)
TOO_FEW_TO_TELL = Words("These are too few photos to tell.", "Фотографий слишком мало, чтобы об этом судить.")
RELIABILITY = Words("Are the probabilities true?", "Верны ли вероятности?")
RELIABILITY_CAPTION = Words(
    "How sure the answers are and how often they are right, {photos}, in equal groups ({groups} of them). "
    "The bars are 95\u00a0% intervals. True probabilities lie on the dotted line; above it the recogniser "
    "is right more often than it promises, below it less often.",
    "Насколько ответы уверенны и как часто верны {photos}; они поделены на равные группы (их {groups}). "
    "Отрезки — 95-процентные интервалы. Верные вероятности лежат на пунктире; выше него распознаватель прав "
    "чаще, чем обещает, ниже — реже.",
)
ON_UNSEEN = Words("on photos not learned from", "на фотографиях не из обучения")
ON_THESE = Words("on these photos", "на этих фотографиях")
UNKNOWN_SCORES = Words("Would it notice a car that it does not know?", "Заметит ли он незнакомую машину?")
UNKNOWN_CAPTION = Words(
    "How sure it was that a photo shows none of its cars. Each of these photos shows one of them, so they "
    "belong at the left; right of the dashed line the answer is “none of these cars”.",
    "Насколько он был уверен, что на фото нет ни одной из его машин. На каждом из этих фото одна из них "
    "есть, так что им место слева; правее штриховой линии ответ — «ни одна из этих машин».",
)
UNKNOWN_COUNTS = Words(
    "Right answers marked unknown: {right} of {all_right}. Wrong answers so marked, which spares mistakes: "
    "{wrong} of {all_wrong}.",
    "Верные ответы, отмеченные как «незнакомая»: {right} из {all_right}. Неверные ответы с такой отметкой "
    "(это спасает от ошибки): {wrong} из {all_wrong}.",
)
CLASSES = Words("Classes", "Классы")
CLASSES_CAPTION = Words(
    "Precision: how many answers with this class are right. Recall: how many photos of it are recognised. "
    "F1: their harmonic mean.",
    "Точность: какая часть ответов с этим классом верна. Полнота: какая часть его фотографий узнана. "
    "F1: их гармоническое среднее.",
)
CONFUSION = Words("Confusion matrix", "Матрица ошибок")
CONFUSION_CAPTION = Words(
    "Rows are what the photos show, columns are the answers. Right answers lie on the diagonal.",
    "Строки — что на фото, столбцы — ответы. Верные ответы лежат на диагонали.",
)
CLICK_A_CELL = Words("Click a number to see its photos.", "Нажмите на число, чтобы увидеть его фотографии.")
CELL = Words(
    "Shown: {truth}. Answer: {answer}. Photos: {count}", "На фото: {truth}. Ответ: {answer}. Фото: {count}"
)
CLOSE = Words("Close", "Закрыть")
AND_MORE = Words("and {count} more, in {file}", "и ещё {count}, см. {file}")
CONFUSED_CAPTION = Words("Classes taken for others", "Классы, принятые за другие")

# Axes and columns
ACCURACY = Words("accuracy", "доля верных")
LOG_LOSS = Words("log loss", "логарифмические потери")
INVERSE_REGULARISATION = Words("inverse regularisation C", "обратная регуляризация C")
CHOSEN = Words("chosen", "выбрано")
PHOTOS_A_CLASS = Words("photos of each car", "фотографий каждой машины")
CONFIDENCE = Words("mean probability", "средняя вероятность")
BEFORE_CALIBRATION = Words("before calibration", "до калибровки")
AFTER_CALIBRATION = Words("after calibration", "после калибровки")
EPOCH = Words("epoch", "эпоха")
LEARNED_FROM = Words("learned from", "обучающие")
HELD_OUT = Words("held out", "отложенные")
TRUTH = Words("truth", "на фото")
ANSWER = Words("answer", "ответ")
CLASS = Words("class", "класс")
PRECISION = Words("precision", "точность")
RECALL = Words("recall", "полнота")
F1 = plain("F1")
TRAIN_PHOTOS = Words("to learn from", "для обучения")
VALIDATION_PHOTOS = Words("to judge by", "для проверки")
ALL = Words("all", "всего")
COUNT = Words("photos", "фотографий")
PHOTO = Words("photo", "фотография")
PROBABILITY = Words("probability", "вероятность")
REASON = Words("reason", "причина")

UNKNOWN = Words("unknown", "незнакомая")
RIGHT_ANSWERS = Words("right answers", "верные ответы")
WRONG_ANSWERS = Words("wrong answers", "неверные ответы")
THRESHOLD = Words("threshold", "порог")

# Lists
MISTAKES = Words("Worst mistakes", "Худшие ошибки")
MISTAKES_CAPTION = Words(
    "Wrong answers, the surest first: {shown} of {total}.",
    "Неверные ответы, самые уверенные сначала: {shown} из {total}.",
)
NO_MISTAKES = Words("There are none on these photos.", "На этих фото ошибок нет.")
ALL_MISTAKES = Words("All mistakes", "Все ошибки")
LEAST_CERTAIN = Words("Least certain photos", "Наименее уверенные ответы")
LEAST_CERTAIN_CAPTION = Words(
    "Right answers that came closest to being wrong: {shown} of {total}.",
    "Верные ответы, самые близкие к ошибке: {shown} из {total}.",
)
SALIENCY_CAPTION = Words(
    "Beside each photo: where it looked for its answer. Bright places counted most.",
    "Рядом с каждым фото — куда он смотрел, выбирая ответ. Яркие места значили больше всего.",
)
WRONG_ANSWER = Words(
    "{answer} ({probability}); it shows {truth}", "{answer} ({probability}); на фото {truth}"
)
RIGHT_ANSWER = plain("{answer} ({probability})")
LOOKS_LIKE = Words("{told}; looks like {name} ({probability})", "{told}; похоже на {name} ({probability})")
LOOKED_AT = Words("where it looked", "куда он смотрел")
REJECTED = Words("Files left out", "Отброшенные файлы")
NONE_REJECTED = Words("None.", "Таких нет.")
SETTINGS = Words("What made this recogniser", "Из чего сделан этот распознаватель")
ALL_SETTINGS = Words("Settings", "Настройки")
SETTING = Words("setting", "настройка")
VALUE = Words("value", "значение")
RESULTS = Words("What the run chose", "Что выбрано при обучении")
PACKAGES = Words("Packages", "Пакеты")
PACKAGE = Words("package", "пакет")
PACKAGE_VERSION = Words("version", "версия")
BUNDLE = Words("bundle", "папка распознавателя")
TEMPERATURE = Words("temperature", "температура")
FINGERPRINT = Words("fingerprint of the photos", "отпечаток фотографий")
