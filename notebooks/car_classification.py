# The source of car_classification.ipynb and car_classification.ru.ipynb, in jupytext's percent format.
# A cell with lang="en" or lang="ru" is of that notebook alone, all others are of both.
# After a change: python scripts/make_notebooks.py

# %% [markdown] lang="en"
# # Which car is it? A recogniser from a few dozen photos
#
# Five car models, 26 photos of each: is that enough to teach a computer to tell them apart? This notebook
# does it from beginning to end. It looks at the photos, trains a recogniser in two stages, asks how far it
# can be trusted and where it looks, lets it meet a car that it does not know, saves it, and serves it to
# other programs over the network.
#
# You need to know Python, and nothing of machine learning: every term is explained where it first appears.
# All the real work is done by functions of the `kuzov` package; the notebook only calls them and shows what
# they return. On two processor cores it runs in about three minutes.
#
# *По-русски: [car_classification.ru.ipynb](car_classification.ru.ipynb).*

# %% [markdown] lang="ru"
# # Что за машина на фото? Распознаватель по нескольким десяткам снимков
#
# Пять моделей автомобилей, по 26 фотографий каждой: хватит ли этого, чтобы научить компьютер их различать?
# Здесь мы проделаем всю работу от начала до конца: посмотрим на фотографии, обучим распознаватель в два
# этапа, выясним, насколько ему можно доверять и куда он смотрит, покажем ему машину, которой он не знает,
# сохраним его и откроем к нему доступ другим программам по сети.
#
# Нужно знать Python; знать машинное обучение не нужно: каждый термин объясняется там, где встречается
# впервые. Всё существенное делают функции пакета `kuzov`; блокнот лишь вызывает их и показывает, что они
# вернули. На двух ядрах процессора он выполняется минуты за три.
#
# *In English: [car_classification.ipynb](car_classification.ipynb).*

# %% lang="en"
LANGUAGE = "en"

# %% lang="ru"
LANGUAGE = "ru"

# %%
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import SVG, display
from matplotlib_inline.backend_inline import set_matplotlib_formats

import kuzov
from kuzov.engine.tensorflow import silent_stderr

with silent_stderr():  # TensorFlow greets at length
    import tensorflow as tf
tf.get_logger().setLevel("ERROR")
set_matplotlib_formats("jpeg")  # photos take less room so

WORK = Path(".demo")  # all that this notebook makes
EPOCHS = int(os.environ.get("KUZOV_NOTEBOOK_EPOCHS", "15"))  # at most; see section 5
if "KUZOV_NOTEBOOK_PHOTOS" in os.environ:
    PHOTOS = Path(os.environ["KUZOV_NOTEBOOK_PHOTOS"])
else:
    sys.path.append("..")
    from examples.demo import find_photos

    PHOTOS = find_photos()
print(PHOTOS)

# %% [markdown] lang="en"
# ## 1. The photos
#
# The photos lie in folders, and the folder's name says what they show: `train/bmw_x5/x1.jpeg` is a BMW X5. A
# kind of thing to tell apart is called a **class**, and the name of the class that a photo belongs to is its
# **label**.
#
# The photos stand on two **sides**. The recogniser learns from those in `train/`. Those in `validation/` it
# never sees while it learns; they serve as its exam. Judging by photos that it has learned from would be like
# examining a pupil with the very questions whose answers he was given.
#
# The real photos are used where they are at hand, or can be downloaded. Otherwise simple cars are drawn, and
# then no figure below says anything about real photos.

# %% [markdown] lang="ru"
# ## 1. Фотографии
#
# Фотографии разложены по папкам, и имя папки говорит, что на них снято: `train/bmw_x5/x1.jpeg` — это БМВ X5.
# То, что нужно различать, называют **классами**, а имя класса, к которому относится фотография, — её
# **меткой**.
#
# Фотографии разделены на две части. По снимкам из `train/` распознаватель учится. Снимков из `validation/` он
# во время обучения не видит: это его экзамен. Проверять его на тех же снимках, по которым он учился, — всё
# равно что экзаменовать ученика по вопросам, ответы на которые ему выдали заранее.
#
# Если есть настоящие фотографии или их удаётся скачать, берутся они. Если нет, простые машины рисуются на
# месте, и тогда все числа ниже ничего не говорят о настоящих фотографиях.

# %%
from kuzov.config import FineTuneConfig, TrainConfig
from kuzov.data.dataset import load_dataset
from kuzov.data.names import load_names

config = TrainConfig(fine_tune=FineTuneConfig(epochs=EPOCHS))
dataset = load_dataset(PHOTOS, validation_fraction=config.validation_fraction, seed=config.seed)
NAMES = {name.id: getattr(name, LANGUAGE) for name in load_names(dataset.root, dataset.classes)}

sides = {"train": dataset.train, "validation": dataset.validation}
counts = {side: pd.Series([photo.label for photo in photos]).value_counts() for side, photos in sides.items()}
pd.DataFrame(counts).rename(index=NAMES)

# %% [markdown] lang="en"
# Three photos of each class, as the recogniser is shown them. A small network, the **detector**, finds the
# car in each photo, and `kuzov` cuts it out. The network that we are going to use takes squares of 192 by 192
# pixels, so the cut-out is stretched into a square. The cars look squeezed, and hardly anything is lost.

# %% [markdown] lang="ru"
# По три фотографии каждого класса — в том виде, в каком их видит распознаватель. Небольшая сеть,
# **детектор**, находит на каждой машину, и `kuzov` её вырезает. Сеть, которую мы возьмём, принимает квадраты
# 192 на 192 пикселя, поэтому вырезанное растягивается или сжимается до квадрата. Машины выглядят сжатыми, но
# почти ничего не теряется.

# %%
from kuzov.cars.cut_out import read_cut_out
from kuzov.model.backbones import find_backbone

backbone = find_backbone(config.backbone)


def show(images, titles=(), columns=6, side_in=1.6):
    """Show pictures in rows."""
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(side_in * columns, 1.15 * side_in * rows), dpi=80)
    for axis in np.ravel(axes):
        axis.axis("off")
    for number, (axis, image) in enumerate(zip(np.ravel(axes), images, strict=False)):
        axis.imshow(np.asarray(image).astype(np.uint8))
        axis.set_title(titles[number] if number < len(titles) else "", fontsize=9)
    figure.tight_layout()
    plt.show()


first_three = [
    photo for label in dataset.classes for photo in [p for p in dataset.train if p.label == label][:3]
]
show(
    [read_cut_out(photo.path, backbone.image_px).pixels for photo in first_three],
    [NAMES[photo.label] for photo in first_three],
    columns=3,
    side_in=2,
)

# %% [markdown] lang="en"
# ## 2. More views of the same photos: augmentation
#
# A car stays the same car when the photo is turned a little, shifted or mirrored. A program does not know
# that; it sees other numbers. So while it learns, each photo is shown to it again and again, each time
# changed at random: this is **augmentation**. Keras' `ImageDataGenerator` made its parameters well known, and
# `kuzov.data.augment` gives them the same names and the same meaning:
#
# | parameter | here | what it does |
# | --- | --- | --- |
# | `rotation_range` | 40 | turns the photo by up to so many degrees, either way |
# | `width_shift_range` | 0.2 | shifts it to the left or right by up to this part of its width |
# | `height_shift_range` | 0.2 | shifts it up or down by up to this part of its height |
# | `shear_range` | 0.2 | slants it by up to so many *degrees*: 0.2 is next to nothing, a common surprise |
# | `zoom_range` | 0.2 | scales each axis by a factor between 1 − 0.2 and 1 + 0.2 |
# | `horizontal_flip` | True | mirrors every second photo |
# | `fill_mode` | nearest | fills what lay outside the photo: with the nearest pixel at its edge |
#
# First each one alone, at its limit; the shear is shown a hundred times as strong, so that one can see it.

# %% [markdown] lang="ru"
# ## 2. Больше видов тех же фотографий: аугментация
#
# Машина остаётся собой, если снимок немного повернуть, сдвинуть или отразить. Но программа этого не знает:
# для неё это другие числа. Поэтому во время обучения ей показывают каждый снимок снова и снова, всякий раз
# немного меняя его наугад: это и есть **аугментация**. Её параметры всем знакомы по `ImageDataGenerator` из
# Keras; в `kuzov.data.augment` они называются так же и значат то же самое:
#
# | параметр | здесь | что делает |
# | --- | --- | --- |
# | `rotation_range` | 40 | поворачивает снимок не более чем на столько градусов в любую сторону |
# | `width_shift_range` | 0.2 | сдвигает влево или вправо не более чем на такую долю ширины |
# | `height_shift_range` | 0.2 | сдвигает вверх или вниз не более чем на такую долю высоты |
# | `shear_range` | 0.2 | скашивает не более чем на столько *градусов*: 0.2 — почти ничего, что удивляет |
# | `zoom_range` | 0.2 | масштабирует каждую ось с множителем от 1 − 0.2 до 1 + 0.2 |
# | `horizontal_flip` | True | отражает каждый второй снимок зеркально |
# | `fill_mode` | nearest | чем заполнить то, чего на снимке не было: ближайшим пикселем его края |
#
# Сначала каждый по отдельности, на пределе; скос показан в сто раз сильнее, чтобы его было видно.

# %%
from kuzov.data.augment import Transform, apply, augment

limits = config.augmentation
photo = read_cut_out(dataset.train[0].path, backbone.image_px).pixels
alone = {
    "original": Transform(),
    "rotation_range": Transform(theta=limits.rotation_range),
    "width_shift_range": Transform(tx=limits.width_shift_range * photo.shape[1]),
    "height_shift_range": Transform(ty=limits.height_shift_range * photo.shape[0]),
    "shear_range × 100": Transform(shear=100 * limits.shear_range),
    "zoom_range": Transform(zx=1 + limits.zoom_range, zy=1 - limits.zoom_range),
    "horizontal_flip": Transform(flip=True),
}
views = [apply(photo, transform, limits.fill_mode) for transform in alone.values()]
views += [apply(photo, alone["rotation_range"], mode) for mode in ("constant", "reflect", "wrap")]
titles = [*alone, *(f"fill_mode={mode}" for mode in ("constant", "reflect", "wrap"))]
show(views, titles, columns=5)

# %% [markdown] lang="en"
# And all together, drawn at random, as the second stage of training gets them:

# %% [markdown] lang="ru"
# А теперь все вместе, наугад — такими их получает второй этап обучения:

# %%
rng = np.random.default_rng(config.seed)
show([augment(photo, limits, rng) for _ in range(10)], columns=5)

# %% [markdown] lang="en"
# ## 3. A network that has already learned to see: EfficientNet-Lite0
#
# A **neural network** is a long chain of simple calculations, the **layers**, with millions of adjustable
# numbers, the **weights**. The first layers react to edges and colours, later ones to wheels, lamps and
# grilles, the last ones to whole cars. To learn all of this from 130 photos is hopeless: a network with
# millions of weights would simply memorise them.
#
# But it need not be learned anew. EfficientNet-Lite0 is a small network (3.4 million weights) that was
# trained on the millions of photos of ImageNet, and then by us on photos of 196 car models. We take it as it
# is, cut off its last layer, which knew those 196 models, and call the rest the **backbone**. Its weights are
# **frozen**: they stay as they are. Why this one?
#
# - It is quick: a photo takes a few thousandths of a second on an ordinary processor, with no graphics card.
# - *Lite* means that it does without the operations that are slow or inexact in other runtimes, so it gives
#   the same answers wherever it is served, and can be stored in half the bytes.
# - For few photos, *what* the network has seen before matters far more than how large it is.
#
# What comes out of the backbone is a list of 1280 numbers, the photo's **features**, or its **embedding**.
# Photos of similar cars get similar lists: a photo becomes a point in a space, and its neighbours there are
# cars that look like it. `embed_dataset` computes them for all photos, and remembers them on disk.

# %% [markdown] lang="ru"
# ## 3. Сеть, которая уже научилась видеть: EfficientNet-Lite0
#
# **Нейронная сеть** — это длинная цепочка простых вычислений, **слоёв**, с миллионами настраиваемых чисел,
# **весов**. Первые слои откликаются на границы и цвета, следующие — на колёса, фары и решётки радиатора,
# последние — на машину целиком. Научиться всему этому по 130 фотографиям безнадёжно: сеть с миллионами весов
# просто выучит их наизусть.
#
# Но учиться с нуля и не нужно. EfficientNet-Lite0 — небольшая сеть (3,4 миллиона весов), обученная на
# миллионах фотографий ImageNet, а затем, уже нами, на снимках 196 моделей автомобилей. Мы берём её готовой,
# отрезаем последний слой, который знал те 196 моделей, а остальное называем **основой** (backbone). Её веса
# **заморожены**: они не меняются. Почему именно она?
#
# - Она быстрая: на фотографию уходят тысячные доли секунды на обычном процессоре, без видеокарты.
# - *Lite* значит, что в ней нет операций, которые в других средах исполнения медленны или неточны; поэтому
#   она везде отвечает одинаково, а хранить её можно вдвое компактнее.
# - Когда фотографий мало, гораздо важнее, *что* сеть видела раньше, чем насколько она велика.
#
# На выходе основы — список из 1280 чисел: **признаки** фотографии, или её **эмбеддинг**. У похожих машин
# похожи и списки: фотография становится точкой в пространстве, а её соседи там — машины, похожие на неё.
# `embed_dataset` вычисляет признаки всех фотографий и запоминает их на диске.

# %%
from kuzov.model.head import directions
from kuzov.progress import silent
from kuzov.training.features import default_cache
from kuzov.training.learning_set import embed_dataset

data = embed_dataset(dataset, backbone, config, default_cache(), progress=silent)
data.features.shape  # photos, views of each, numbers

# %% [markdown] lang="en"
# Are the neighbours really alike? Below, each row begins with an exam photo, and its nearest neighbours among
# the photos to learn from follow. How near two photos are is measured by the **cosine** of the angle between
# their lists: 1 means the same direction.

# %% [markdown] lang="ru"
# Правда ли соседи похожи? Ниже каждый ряд начинается с экзаменационной фотографии, а за ней идут её ближайшие
# соседи среди учебных. Близость двух фотографий измеряют **косинусом** угла между их списками: 1 означает
# одно и то же направление.

# %%
points = directions(data.features[:, 0])
known, asked = points[data.train], points[data.validation]
cosines = asked @ known.T
rows = [next(n for n, p in enumerate(dataset.validation) if p.label == label) for label in dataset.classes]
pictures, titles = [], []
for row in rows:
    nearest = np.argsort(-cosines[row])[:4]
    pictures += [read_cut_out(dataset.validation[row].path, 128).pixels]
    pictures += [read_cut_out(dataset.train[other].path, 128).pixels for other in nearest]
    titles += [NAMES[dataset.validation[row].label], *(f"{cosines[row, other]:.2f}" for other in nearest)]
show(pictures, titles, columns=5)

# %% [markdown] lang="en"
# The same for all photos at once: each row and each column of the square is a photo, ordered by class, and
# the brighter the point where they meet, the more alike they are. The bright squares along the diagonal are
# the classes. The backbone tells them apart before it has learned a single one of our labels.

# %% [markdown] lang="ru"
# То же для всех фотографий сразу: каждая строка и каждый столбец квадрата — фотография, упорядочены они по
# классам, и чем светлее точка на пересечении, тем снимки больше похожи. Светлые квадраты вдоль диагонали —
# это классы. Основа различает их, ещё не узнав ни одной нашей метки.

# %%
labels = data.labels[data.train]
figure, axes = plt.subplots(figsize=(5.5, 5.5), dpi=80)
axes.imshow(known @ known.T, cmap="viridis")
middles = [np.flatnonzero(labels == column).mean() for column in range(len(dataset.classes))]
axes.set_yticks(middles, list(NAMES.values()))
axes.set_xticks(middles, list(NAMES.values()), rotation=30, ha="right")
figure.tight_layout()
plt.show()

# %% [markdown] lang="en"
# ## 4. The first stage: a head on the features
#
# What is left to learn is small: one layer, the **head**, that turns the 1280 numbers into a probability of
# each class. It takes a second, and thus can be done many times over, which answers questions that usually
# stay open:
#
# - *How closely should it follow the photos?* Too closely, and it learns their accidents by heart, which is
#   called **overfitting**; too loosely, and it learns nothing. **Regularisation** holds it back; its inverse
#   is called C. The right C is found by **cross-validation**: divide the photos into five parts, learn from
#   four, examine with the fifth, and each part takes its turn.
# - *How good is it really?* A second cross-validation over all photos tells, and not by the luck of one exam.
# - *Would more photos help?* A **learning curve** fits heads on 1, 2, 3, 5, 10 … photos of each class.
#
# `kuzov.train` does all of this, and leaves two things: a folder with the model, the **bundle**, and a folder
# of the run, with figures, pictures and a report.

# %% [markdown] lang="ru"
# ## 4. Первый этап: классификатор поверх признаков
#
# Научиться осталось немногому: одному слою — **голове** (head), которая превращает 1280 чисел в вероятность
# каждого класса. На это уходит секунда, поэтому обучать её можно много раз подряд и ответить на вопросы,
# которые обычно остаются без ответа:
#
# - *Насколько точно следовать фотографиям?* Если слишком точно, голова выучит наизусть их случайные
#   особенности — это **переобучение**; если слишком вольно, не научится ничему. Сдерживает её
#   **регуляризация**; величину, обратную её силе, обозначают C. Подходящее C находят **перекрёстной
#   проверкой**: делят фотографии на пять частей, учатся на четырёх, экзаменуют по пятой, и так по очереди
#   с каждой частью.
# - *Насколько она хороша на самом деле?* Вторая перекрёстная проверка, уже по всем фотографиям, отвечает на
#   это, не полагаясь на удачу одного экзамена.
# - *Помогли бы ещё фотографии?* **Кривая обучения** показывает головы, которые видели по 1, 2, 3, 5, 10 …
#   фотографий каждого класса.
#
# Всё это делает `kuzov.train`; после неё остаются две папки: папка с моделью, **бандл**, и папка запуска с
# числами, картинками и отчётом.

# %%
MODELS, RUNS, LOGS = WORK / "models" / "img_classifier", WORK / "runs", WORK / "tensorboard"
head = kuzov.train(PHOTOS, MODELS, config=config, runs=RUNS, tensorboard=LOGS / "head")


def summary(result):
    """How good a recogniser is."""
    metrics = result.metrics
    right, total = metrics["validation"]["right"], metrics["validation"]["total"]
    low, high = metrics["validation"]["interval"]
    crossed = metrics["cross_validation"]
    return pd.Series(
        {
            "kept": metrics["kept"],
            "validation": f"{right} / {total} = {right / total:.1%}",
            "95 %": f"{low:.1%} – {high:.1%}",
            "cross_validation": f"{crossed['mean']:.1%} ± {crossed['std']:.1%}",
            "seconds": f"{metrics['seconds']:.0f}",
        },
        name=result.bundle.name,
    )


summary(head).to_frame()

# %%
display(SVG(filename=str(head.run_folder / "curves.svg")))
display(SVG(filename=str(head.run_folder / "learning_curve.svg")))

# %% [markdown] lang="en"
# Above, the candidates for C: how often the heads were right on the parts that they had not seen, and how far
# from the truth their probabilities were, the **log loss**, where less is better. The dotted line marks the
# one chosen. Below, the learning curve: where it is flat at its end, more photos of these classes would bring
# little; where it still climbs, they would.

# %% [markdown] lang="ru"
# Вверху — кандидаты для C: как часто головы были правы на тех частях, которых не видели, и насколько далеки
# от истины были их вероятности, **log loss**: чем меньше, тем лучше. Пунктир отмечает выбранного. Внизу —
# кривая обучения: если справа она пологая, новые фотографии этих же классов дадут мало; если ещё растёт —
# помогут.

# %% [markdown] lang="en"
# ## 5. The second stage: fine-tuning
#
# Now the last ten layers of the backbone are thawed too and trained along with the head, by very small steps:
# **fine-tuning**. Each pass over all photos is an **epoch**, and in each the photos come under new random
# transformations, those of section 2. A fifth of the photos is held out. As long as the loss on these falls,
# the network learns something that holds beyond the photos that it sees; when it no longer falls for a few
# epochs, training stops, and the best epoch is taken. Here there are fifteen at most.
#
# Fine-tuning is no gain as such: with few photos it can also do harm. So `kuzov` keeps it only where it gets
# more exam photos right, or as many with truer probabilities. `kept` tells which one was kept.

# %% [markdown] lang="ru"
# ## 5. Второй этап: дообучение
#
# Теперь размораживаются и последние десять слоёв основы; они обучаются вместе с головой, очень маленькими
# шагами: это **дообучение** (fine-tuning). Один проход по всем фотографиям — **эпоха**; в каждой эпохе
# фотографии по-новому меняются наугад, как в разделе 2. Пятая часть фотографий отложена. Пока потери на них
# падают, сеть учится чему-то, что верно не только для знакомых ей снимков; когда они несколько эпох подряд
# больше не падают, обучение останавливается и берётся лучшая эпоха. Здесь их не больше пятнадцати.
#
# Само по себе дообучение — не выигрыш: когда фотографий мало, оно может и навредить. Поэтому `kuzov`
# оставляет его, только если с ним верных ответов на экзамене больше или столько же, но вероятности правдивее.
# Что оставлено, говорит строка `kept`.

# %%
tuned = kuzov.train(PHOTOS, MODELS, config=config, runs=RUNS, fine_tune=True, tensorboard=LOGS / "fine-tuned")
pd.concat([summary(head), summary(tuned)], axis=1)

# %%
SVG(filename=str(tuned.run_folder / "curves.svg"))

# %% [markdown] lang="en"
# The lower pair shows the epochs. The photos learned from are always harder than those held out are, as they
# come turned and shifted, so in the beginning the blue curve may well be the worse one. Overfitting would
# look like this: the blue loss keeps falling while the orange one turns and rises.

# %% [markdown] lang="ru"
# Нижняя пара — это эпохи. Учебные снимки всегда труднее отложенных, ведь они повёрнуты и сдвинуты, поэтому
# вначале синяя кривая вполне может быть хуже. Переобучение выглядело бы так: синяя кривая потерь всё падает,
# а оранжевая повернула и растёт.

# %% [markdown] lang="en"
# ## 6. Watching it in TensorBoard
#
# Both runs have left logs for TensorBoard, a program that shows training in the browser, also while it still
# goes on. Start it in a terminal, or right here:
#
#     tensorboard --logdir .demo/tensorboard           in a terminal, in the folder notebooks/
#     %load_ext tensorboard                            in a cell
#     %tensorboard --logdir .demo/tensorboard
#
# - **Scalars**: the curves of both stages.
# - **Histograms**: how the weights that are trained are distributed, and how that shifts by epoch.
# - **Images**: the exam photos that were mistaken, and the least certain ones.
# - **Projector**: every photo as a thumbnail on the map of its features. Turn it, colour it by class, click a
#   photo to see its neighbours.
#
# What it reads are plain files, and they can be read here just as well:

# %% [markdown] lang="ru"
# ## 6. Наблюдать за обучением: TensorBoard
#
# Оба запуска оставили журналы для TensorBoard — программы, которая показывает обучение в браузере, в том
# числе пока оно ещё идёт. Запустить её можно в терминале или прямо здесь:
#
#     tensorboard --logdir .demo/tensorboard           в терминале, в папке notebooks/
#     %load_ext tensorboard                            в ячейке
#     %tensorboard --logdir .demo/tensorboard
#
# - **Scalars** — кривые обоих этапов.
# - **Histograms** — как распределены обучаемые веса и как это меняется от эпохи к эпохе.
# - **Images** — экзаменационные фотографии, на которых распознаватель ошибся, и те, где он сомневался больше
#   всего.
# - **Projector** — карта признаков, на которой каждая фотография — миниатюра. Её можно вращать, раскрасить по
#   классам, а щёлкнув по фотографии — увидеть её соседей.
#
# Читает TensorBoard обычные файлы, и прочитать их можно прямо отсюда:

# %%
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

logs = EventMultiplexer().AddRunsFromDirectory(str(LOGS)).Reload()
kinds = {kind: logs.PluginRunToTagToContent(kind) for kind in ("scalars", "histograms", "images")}
counts = {
    run: {kind: len(found.get(run, {})) for kind, found in kinds.items()} for run in sorted(logs.Runs())
}
pd.DataFrame(counts).T

# %% [markdown] lang="en"
# The projector's thumbnails are one large picture, from which it cuts each photo:

# %% [markdown] lang="ru"
# Миниатюры для карты лежат в одной большой картинке, из которой вырезается каждая фотография:

# %%
from PIL import Image as Picture

sprite = Picture.open(LOGS / "head" / "photos" / "sprite.png")
sprite.reduce(2)

# %% [markdown] lang="en"
# ## 7. Can it be trusted?
#
# **Accuracy** is the part of the exam photos that were answered rightly. It is a figure from few photos:
# somebody who got 45 of 45 right will not get *everything* right. The **interval** in the table says which
# accuracies agree with such an exam; the truth lies inside in 95 cases of 100. That is why 45 of 45 reads
# as "expect 92 to 100 %".
#
# The **confusion matrix** shows which class is taken for which. Rows are the truth, columns the answers:
# right answers stand on the diagonal, and every other cell is a mistake.

# %% [markdown] lang="ru"
# ## 7. Можно ли ему доверять?
#
# **Точность** (accuracy) — доля экзаменационных фотографий, на которые дан верный ответ. Но получена она по
# немногим снимкам: кто верно ответил на 45 вопросов из 45, не обязательно ответит верно на *все*.
# **Интервал** в таблице говорит, какие значения точности согласуются с таким экзаменом; в 95 случаях из 100
# истина лежит внутри. Поэтому 45 из 45 следует читать так: «ожидайте от 92 до 100 %».
#
# **Матрица ошибок** показывает, какой класс за какой принят. Строки — истина, столбцы — ответы: верные ответы
# стоят на диагонали, всё остальное — ошибки.

# %%
result = tuned
SVG(filename=str(result.run_folder / "confusion.svg"))

# %% [markdown] lang="en"
# The **classification report** has a line for each class. **Precision**: of the photos that were answered
# with this class, the part that do show it. **Recall**: of the photos that show it, the part that were
# answered so. **F1** is a mean of the two that is only high where both are.

# %% [markdown] lang="ru"
# **Отчёт о классификации** — строка на каждый класс. **Precision** (точность ответа): какая доля фотографий,
# на которые дан этот ответ, и правда его показывает. **Recall** (полнота): какая доля фотографий этого класса
# получила верный ответ. **F1** — среднее этих двух, которое высоко, только если высоки оба.

# %%
report = pd.DataFrame(result.metrics["per_class"], index=[NAMES[label] for label in dataset.classes])
report.style.format({"precision": "{:.3f}", "recall": "{:.3f}", "f1": "{:.3f}", "photos": "{:.0f}"})

# %% [markdown] lang="en"
# The photos that it was least sure of, with the answer and its probability. Mistakes, if there are any, are
# mostly found among these: doubt is worth something.

# %% [markdown] lang="ru"
# Фотографии, в которых он был меньше всего уверен, с ответом и его вероятностью. Ошибки, если они есть,
# обычно находятся среди них: сомнение распознавателя кое-чего стоит.

# %%
doubtful = sorted(result.metrics["photos"], key=lambda each: each["probability"])[:6]
marks = ["✓" if each["predicted"] == each["label"] else "✗" for each in doubtful]
show(
    [read_cut_out(PHOTOS / each["photo"], 192).pixels for each in doubtful],
    [
        f"{mark} {NAMES[each['predicted']]}, {each['probability']:.0%}"
        for each, mark in zip(doubtful, marks, strict=True)
    ],
    columns=3,
    side_in=2.4,
)

# %% [markdown] lang="en"
# **Calibration.** When it says 80 %, is it right in 80 of 100 cases? Networks tend to be too sure or, after
# strong regularisation, too modest. One number, the **temperature**, sets that right: it is fitted on photos
# that the head had not seen. In the picture the points should lie on the dotted line; to the left before, to
# the right after. `ece` is the mean distance from it.

# %% [markdown] lang="ru"
# **Калибровка.** Если распознаватель говорит «80 %», прав ли он в 80 случаях из 100? Сети обычно слишком
# самоуверенны, а при сильной регуляризации — слишком скромны. Исправляет это одно число, **температура**: её
# подбирают по фотографиям, которых голова не видела. На картинке точки должны лежать на пунктире; слева — до
# калибровки, справа — после. `ece` — среднее отклонение от него.

# %%
print({step: f"{error:.1%}" for step, error in result.metrics["ece"].items()})
SVG(filename=str(result.run_folder / "reliability.svg"))

# %% [markdown] lang="en"
# All of this, and more, stands in one page that opens in any browser:

# %% [markdown] lang="ru"
# Всё это и многое другое собрано на одной странице, которая открывается в любом браузере:

# %%
print(result.run_folder / "report.html")

# %% [markdown] lang="en"
# ## 8. Where does it look?
#
# A recogniser can be right for the wrong reason: by the background, a watermark, a person beside the car. A
# **saliency map** shows which places of the photo speak for the answer. Four ways to make one:
#
# - **Gradient**: how much would the answer change if this pixel changed a little? Exact, but noisy.
# - **SmoothGrad**: the same, averaged over many slightly disturbed copies of the photo, so the noise cancels.
# - **Grad-CAM++**: asks the last layers of the network instead of the pixels. Coarse, but easy to read.
# - **LayerCAM**: likewise, place by place and one step earlier, where the grid is twice as fine. It was the
#   truest of the four when it was tried which places, once covered, take the answer away.
#
# The bright places should lie on the car: on its grille, lamps and outline.

# %% [markdown] lang="ru"
# ## 8. Куда он смотрит?
#
# Распознаватель может отвечать верно не по той причине: из-за фона, водяного знака, человека рядом с машиной.
# **Карта значимости** (saliency map) показывает, какие места фотографии говорят в пользу ответа. Построить её
# можно по-разному:
#
# - **Градиент**: насколько изменился бы ответ, если бы этот пиксель чуть изменился? Точно, но шумно.
# - **SmoothGrad**: то же, усреднённое по многим слегка зашумлённым копиям снимка, так что шум гасится.
# - **Grad-CAM++** спрашивает не пиксели, а последние слои сети. Грубо, зато понятно.
# - **LayerCAM**: так же, но место за местом и ступенью раньше, где сетка вдвое мельче. Он оказался самым
#   верным из четырёх, когда проверяли, какие места нужно закрыть, чтобы ответ пропал.
#
# Яркие места должны приходиться на машину: решётку радиатора, фары, очертания.

# %%
from kuzov.explain.explainer import Explainer
from kuzov.explain.pictures import overlay

explainer = Explainer.load(result.bundle)
METHODS = ("gradient", "smoothgrad", "grad-cam++", "layer-cam")
pictures, titles = [], []
for row in rows[:3]:
    photo = dataset.validation[row]
    maps = [explainer.explain(photo.path, method=method) for method in METHODS]
    pictures += [maps[0].part.pixels, *(overlay(each.part.pixels, each.heat) for each in maps)]
    titles += [NAMES[photo.label], *METHODS]
show(pictures, titles, columns=5, side_in=1.9)

# %% [markdown] lang="en"
# ## 9. A car that it does not know
#
# The head divides 100 % among the classes that it knows, so it answers *something* to every photo, also to a
# car of another model, or to a cat. That is why `kuzov` gives a second figure beside the probability:
# `unknown`, how sure it is that the photo shows none of the classes. It compares the photo's features with
# those of each class and, as long as the backbone is the frozen one, of 196 other car models. Over 0.5 the
# answer is "none of these".
#
# It is a probability that was learned over many other folders, so some known photos are refused as well.
# Below, the last photo shows a car that is none of the classes.

# %% [markdown] lang="ru"
# ## 9. Машина, которой он не знает
#
# Голова делит 100 % между известными ей классами, поэтому *какой-то* ответ она даст на любую фотографию — и
# на машину другой модели, и на кошку. Поэтому рядом с вероятностью `kuzov` сообщает второе число: `unknown` —
# насколько он уверен, что на снимке нет ни одного из классов. Для этого признаки снимка сравниваются с
# признаками каждого класса, а пока основа заморожена — и ещё 196 других моделей автомобилей. Больше 0,5 —
# значит «ничего из этого».
#
# Это вероятность, выученная на многих других папках, так что изредка отвергается и знакомая машина.
# Ниже на последней фотографии — машина, которой нет среди классов.

# %%
from kuzov.data.synthetic import BODIES, draw_car

recogniser = kuzov.load(result.bundle)
stranger = PHOTOS / "test" / "vitara.jpg"
if not stranger.is_file():  # the drawn set: a minivan, which is none of its classes
    stranger = WORK / "stranger.jpg"
    draw_car(BODIES[-1], (320, 220), np.random.default_rng(0)).save(stranger)
unseen = [dataset.validation[row].path for row in rows] + [stranger]


def table(predictions):
    """Answers as a table."""
    return pd.DataFrame(
        {
            "answer": [NAMES[each.label] for each in predictions],
            "probability": [f"{each.probability:.1%}" for each in predictions],
            "unknown": [f"{each.unknown:.2f}" for each in predictions],
            "is_unknown": [each.is_unknown for each in predictions],
        },
        index=["/".join(Path(each.photo).parts[-2:]) for each in predictions],
    )


answers = list(recogniser.predict_many(unseen))
show(
    [read_cut_out(path, 192).pixels for path in unseen],
    [path.parent.name for path in unseen],
    columns=len(unseen),
)
table(answers)

# %% [markdown] lang="en"
# ## 10. Export: what lies in the bundle
#
# Training has already saved the recogniser, and proved it: the saved model was loaded back, and had to answer
# the validation photos as the trained one does. Its folder is named by a number, the **version**; a server
# takes the newest. In it lie
#
# - a SavedModel, which TensorFlow Serving loads as it is: `saved_model.pb`;
# - the classes, in the order of the model's answers: `assets/labels.txt`;
# - the same network for OpenVINO, with which `kuzov serve` answers with no TensorFlow:
#   `assets.extra/openvino/`;
# - the model's card: names, figures, temperature, versions, settings: `assets.extra/card.json`.

# %% [markdown] lang="ru"
# ## 10. Экспорт: что лежит в бандле
#
# Обучение уже сохранило распознаватель и проверило сохранённое: модель загружена обратно и обязана была
# ответить на экзаменационные фотографии так же, как обученная. Имя её папки — число, **версия**; сервер берёт
# самую новую. В ней лежат
#
# - SavedModel, который TensorFlow Serving загружает как есть: `saved_model.pb`;
# - классы в том порядке, в каком стоят ответы модели: `assets/labels.txt`;
# - та же сеть для OpenVINO — с ней `kuzov serve` отвечает без TensorFlow: `assets.extra/openvino/`;
# - карточка модели: имена, числа, температура, версии, настройки: `assets.extra/card.json`.

# %%
files = sorted(file for file in result.bundle.rglob("*") if file.is_file())
sizes = {str(file.relative_to(result.bundle.parent)): f"{file.stat().st_size / 1e6:.2f} MB" for file in files}
pd.Series(sizes, name="size").to_frame()

# %%
card = recogniser.card
print((result.bundle / "assets" / "labels.txt").read_text(encoding="utf-8"))
print(card.backbone, f"{card.image_px} px", f"temperature {card.temperature:.2f}", card.precision)

# %% [markdown] lang="en"
# ## 11. Serving it to other programs
#
# `kuzov serve` is a program that keeps the model in memory and answers over the network, as TensorFlow
# Serving does and with the same addresses and messages: over **REST**, which is JSON over HTTP and understood
# by every language, and over **gRPC**, which is binary and quicker. Here it takes two free ports of this
# computer, which nobody outside can reach. It runs only inside of the `with` block, and is stopped when the
# block ends, even by an error.

# %% [markdown] lang="ru"
# ## 11. Доступ для других программ
#
# `kuzov serve` — это программа, которая держит модель в памяти и отвечает по сети, как TensorFlow Serving, по
# тем же адресам и теми же сообщениями: по **REST**, то есть JSON поверх HTTP, который понимает любой язык, и
# по **gRPC**, двоичному и более быстрому. Здесь сервер занимает два свободных порта этого компьютера,
# недоступные снаружи. Работает он только внутри блока `with` и останавливается, когда блок кончается, — даже
# из-за ошибки.

# %%
import re
import subprocess
from contextlib import contextmanager

READY = re.compile(r"(gRPC|REST).* at[ :](127\.0\.0\.1:\d+) \.\.\.")


@contextmanager
def serving(models):
    """Start `kuzov serve`; gives the addresses of REST and gRPC, and stops the server at the end."""
    ports = ["--host", "127.0.0.1", "--port", "auto", "--rest-api-port", "auto"]
    command = [sys.executable, "-m", "kuzov", "serve", "--model-base-path", str(models), *ports]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            said, addresses = [], {}
            for line in server.stderr:
                said.append(line)
                if found := READY.search(line):
                    addresses[found[1]] = found[2]
                if len(addresses) == 2:
                    break
            else:
                raise RuntimeError("".join(said))
            yield addresses["REST"], addresses["gRPC"]
        finally:
            server.terminate()


# %% [markdown] lang="en"
# Asking over REST takes nothing but Python's own library: the photo goes into JSON as base64 text.

# %% [markdown] lang="ru"
# Чтобы спросить по REST, хватит стандартной библиотеки Python: фотография кладётся в JSON текстом base64.

# %%
import base64
import json
import urllib.request

from kuzov.client.client import upright_jpeg


def ask_rest(address, photo):
    """The server's JSON about one photo."""
    text = base64.b64encode(upright_jpeg(photo)).decode()
    body = {"signature_name": "image_bytes", "instances": [{"b64": text}]}
    url = f"http://{address}/v1/models/img_classifier:predict"
    request = urllib.request.Request(
        url, json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["predictions"][0]


# %% [markdown] lang="en"
# Over gRPC the photo goes as it is, in a `PredictRequest`. `kuzov.wire` has TensorFlow Serving's messages, so
# neither TensorFlow nor its client library is needed.

# %% [markdown] lang="ru"
# По gRPC фотография уходит как есть, в сообщении `PredictRequest`. Сообщения TensorFlow Serving есть в
# `kuzov.wire`, так что ни TensorFlow, ни его клиентская библиотека не нужны.

# %%
import grpc

from kuzov.wire.messages import METHODS as RPC_METHODS
from kuzov.wire.messages import PREDICTION_SERVICE, PredictRequest
from kuzov.wire.tensors import from_numpy, to_numpy


def ask_grpc(address, photo):
    """The server's tensors about one photo, by name."""
    method = RPC_METHODS[PREDICTION_SERVICE]["Predict"]
    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "img_classifier", "image_bytes"
    image = np.array([upright_jpeg(photo)], dtype=object)
    request.inputs["image_bytes"].CopyFrom(from_numpy(image))
    with grpc.insecure_channel(address) as channel:
        predict = channel.unary_unary(
            method.path, method.request.SerializeToString, method.response.FromString
        )
        response = predict(request, timeout=30)
    return {name: to_numpy(tensor)[0] for name, tensor in response.outputs.items()}


# %% [markdown] lang="en"
# Now all of it: start the server, ask about every photo in both ways and with kuzov's own client, which adds
# the classes' names, and stop it. The answers must be the same.

# %% [markdown] lang="ru"
# Теперь всё вместе: запустить сервер, спросить о каждой фотографии обоими способами, а ещё клиентом самого
# `kuzov`, который добавляет имена классов, и остановить. Ответы обязаны совпасть.

# %%
with serving(MODELS) as (rest, rpc):
    print(f"REST {rest}, gRPC {rpc}")
    over_rest = [ask_rest(rest, path) for path in unseen]
    over_grpc = [ask_grpc(rpc, path) for path in unseen]
    client = kuzov.Client(f"http://{rest}/v1/models/img_classifier")
    told = [client.predict(path) for path in unseen]

for json_answer, tensors, answer in zip(over_rest, over_grpc, told, strict=True):
    assert json_answer["label"] == tensors["label"].decode() == answer.label
    np.testing.assert_allclose(json_answer["probabilities"], tensors["probabilities"], atol=1e-3)
print(json.dumps(over_rest[0], indent=1))
table(told)

# %% [markdown] lang="en"
# ## What next
#
# - Your own photos: a folder with a subfolder for each model, then `kuzov train my_photos`.
# - What is wrong with the photos, before they spoil the model: `kuzov doctor my_photos`.
# - The same server in production: `docs/serving.md`. How all of it is made: `docs/architecture.md`.

# %% [markdown] lang="ru"
# ## Что дальше
#
# - Ваши фотографии: папка, в ней по папке на каждую модель, затем `kuzov train my_photos`.
# - Что не так с фотографиями, пока они не испортили модель: `kuzov doctor my_photos`.
# - Тот же сервер в работе: `docs/serving.ru.md`. Как всё устроено: `docs/architecture.md`.
